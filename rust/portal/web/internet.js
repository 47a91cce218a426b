// Who uses the internet, and vouchers: made, shown, printed, taken away.
'use strict';
const internetPage = (() => {
  const { say, el, field, button, tell, busy, sure, fill } = page;
  const KINDS = ['hours', 'days', 'megabytes'];
  const svg = (tag, attributes) => {
    const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const title = (b) => say('voucher-batch', { count: b.count, amount: b.amount, unit: say('unit-' + b.kind) });

  const begin = async (body) => {
    const got = await session.ask('GET', '/internet');
    const alarm = (a) => el('li', {}, say('net-alarm-line', { ip: a.ip, what: say('net-alarm-' + a.kind), minutes: Math.floor(a.ago_s / 60), times: a.times }));
    fill(body,
      el('dl', {}, el('dt', {}, say('net-rule')), el('dd', {}, say('c-access-' + got.access), el('small', {}, say(got.online ? 'net-online' : 'net-offline')), got.on_time ? null : el('small', {}, say('net-off-time'))),
        el('dt', {}, say('net-out')), el('dd', {}, String(got.out)), el('dt', {}, say('net-wrong')), el('dd', {}, String(got.wrong))),
      got.alarms.length ? [el('h3', { class: 'bad' }, say('net-alarms')), el('ul', { class: 'list' }, got.alarms.map(alarm))] : '',
      el('h3', {}, say('vouchers')), got.access === 'voucher' ? '' : el('p', { class: 'hint' }, say('net-not-voucher')),
      got.batches.length ? el('ul', { class: 'list apart' }, got.batches.map((b) => line(b))) : el('p', {}, say('voucher-none')),
      make());
  };

  // One batch: what it is, what became of it, and what can be done with it.
  const line = (b) => {
    const item = el('li', {}, el('b', {}, title(b)), b.label ? el('span', { dir: 'auto' }, ' ' + b.label) : null, el('small', { class: 'hint' }, say('voucher-used', { used: b.used, empty: b.empty })));
    const print = button(say('voucher-print'), () => busy(print, async () => { tell(''); await show(b, 0); }), true);
    const remove = button(say('voucher-remove'), async () => {
      if (await sure(item, say('voucher-remove'), say('voucher-remove-does'))) busy(remove, async () => { await session.ask('POST', '/vouchers/remove', { id: b.id }); page.home('internet'); });
    }, true);
    item.append(el('div', { class: 'row' }, print, remove));
    return item;
  };

  const make = () => {
    const kind = el('select', {}, KINDS.map((k) => el('option', { value: k }, say('voucher-' + k))));
    const amount = el('input', { type: 'number', min: '1', max: '1000000', value: '2', required: true });
    const count = el('input', { type: 'number', min: '1', max: '1000', value: '24', required: true });
    const label = el('input', { type: 'text', maxlength: '60', dir: 'auto' });
    const fields = [field(say('voucher-kind'), kind), field(say('voucher-amount'), amount), field(say('voucher-count'), count), field(say('voucher-label'), label)];
    const go = el('button', { type: 'submit' }, say('voucher-make'));
    return el('details', {}, el('summary', {}, say('voucher-new')), el('form', { novalidate: true, onsubmit: (event) => {
      event.preventDefault();
      busy(go, async () => {
        await session.ask('POST', '/vouchers/make', { kind: kind.value, amount: Number(amount.value), count: Number(count.value), label: label.value });
        page.home('internet');
        tell(say('saved'));
      });
    } }, fields, go));
  };

  // A sheet of slips: what is on paper is all that a visitor has.
  const show = async (b, from) => {
    const got = await session.ask('GET', '/vouchers?batch=' + b.id + '&from=' + from);
    const slip = (v) => {
      const picture = svg('svg', { viewBox: '0 0 ' + v.qr.size + ' ' + v.qr.size, class: 'qr', role: 'img', 'aria-label': v.shown, 'shape-rendering': 'crispEdges' });
      picture.append(svg('path', { d: v.qr.path }));
      const left = v.left === 0 ? say('voucher-used', { used: 1, empty: 1 }) : v.moves ? say('voucher-moved', { n: v.moves }) : '';
      return el('li', { class: 'slip' + (v.left === 0 ? ' over' : '') }, picture, el('b', { class: 'code' }, v.shown), el('span', {}, b.amount + ' ' + say('unit-' + b.kind)), el('small', {}, say('voucher-how', { ssid: got.ssid, address: got.address })), left ? el('small', { class: 'hint' }, left) : null);
    };
    const print = button(say('voucher-printing'), () => window.print());
    const more = got.next === null ? null : button(say('voucher-more'), () => busy(more, async () => { tell(''); await show(b, got.next); }), true);
    page.show(title(b), el('div', { class: 'row no-print' }, print, more, button(say('back'), () => page.home('internet'), true)), el('ul', { class: 'slips' }, got.vouchers.map(slip))).focus();
  };
  return { begin };
})();
