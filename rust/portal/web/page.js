// The owner's page: its words, its parts, logging in.
'use strict';
const page = (() => {
  const words = JSON.parse(document.getElementById('words').textContent);
  const root = document.getElementById('owner');

  // A message of strings/*.ftl, with its variables.
  const say = (key, values) => (words['o-' + key] || key).replace(/\{(\w+)\}/g, (_, name) => (values && name in values ? values[name] : ''));

  // el('p', {class: 'x'}, 'text', child, …): text is only ever text.
  const el = (tag, attributes, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, '');
      else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...there(children));
    return node;
  };
  // Lists in lists as one, without what is not there.
  const there = (children) => children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
  // In place of what was in the node.
  const fill = (node, ...children) => node.replaceChildren(...there(children));
  let serial = 0;
  // A labelled field; hint below it is read with it.
  const field = (label, input, hint) => {
    const id = 'f' + (serial += 1);
    input.id = id;
    const help = hint ? el('small', { id: id + 'h', class: 'hint' }, hint) : null;
    const wrong = el('small', { id: id + 'e', class: 'bad', hidden: true });
    input.setAttribute('aria-describedby', (hint ? id + 'h ' : '') + id + 'e');
    const box = el('div', { class: 'field' }, el('label', { for: id }, label), help, input, wrong);
    box.wrong = (text) => {
      wrong.hidden = !text;
      wrong.textContent = text || '';
      if (text) input.setAttribute('aria-invalid', 'true'); else input.removeAttribute('aria-invalid');
    };
    box.input = input;
    return box;
  };
  // Safari gives a clicked button no focus, which then could not come back to it.
  const button = (label, onclick, quiet) => el('button', { type: 'button', class: quiet ? 'quiet' : null, onclick: (event) => { event.currentTarget.focus(); onclick(event); } }, label);

  // One place for what has just happened; screen readers say it.
  const live = el('p', { role: 'status', class: 'live' });
  // A daemon's own words are English.
  const english = (text) => el('span', { lang: 'en', dir: 'auto' }, text);
  const tell = (text, bad, reason) => {
    live.replaceChildren(text || '', reason ? ' ' : '', reason ? english(reason) : '');
    live.className = bad ? 'live bad' : 'live';
    if (text && live.scrollIntoView) live.scrollIntoView({ block: 'nearest' });
  };
  // What went wrong, in the owner's words.
  const failed = (error) => {
    if (error.kind === 'session') return start(say('session-over'));
    if (error.kind === 'wait') return tell(say('wait', { n: error.seconds }), true);
    if (error.kind === 'refused') return tell(say('refused'), true, String((error.body && error.body.error) || error.status));
    const known = { password: 'wrong-password', silent: 'silent', forged: 'forged', box: 'silent' };
    tell(say(known[error.kind] || 'silent'), true);
    if (!error.kind) console.error(error);
  };
  // Runs one thing at a time, with the button out of reach meanwhile.
  const busy = async (node, work) => {
    node.disabled = true;
    tell(say('working'));
    try {
      await work();
    } catch (error) {
      failed(error);
    } finally {
      node.disabled = false;
    }
  };
  // Asked in the page, since some browsers' windows cannot open another: true for yes. The one that opened it gets the focus back.
  const sure = (where, label, ...text) => new Promise((resolve) => {
    const before = document.activeElement;
    const close = (answer) => () => { box.remove(); if (before) before.focus(); resolve(answer); };
    const yes = button(label, close(true));
    const box = el('div', { class: 'ask', role: 'alertdialog', 'aria-label': label }, text.map((part) => el('p', {}, part)), yes, button(say('cancel'), close(false), true));
    where.append(box);
    yes.focus();
  });
  const show = (title, ...parts) => {
    const head = el('h2', { tabindex: '-1' }, title);
    fill(root, head, live, parts);
    return head;
  };

  // The login. `setup` says that the box waits for its code.
  const loginForm = async (message) => {
    let setup = false;
    try { setup = (await (await fetch('/admin/api/state', { cache: 'no-store' })).json()).setup === true; } catch (e) { /* told at the login */ }
    const input = el('input', { type: setup ? 'text' : 'password', autocomplete: setup ? 'off' : 'current-password', autocapitalize: setup ? 'characters' : 'none', spellcheck: 'false', required: true, maxlength: '128' });
    const box = field(say(setup ? 'code' : 'password'), input, say(setup ? 'code-hint' : 'password-hint'));
    const go = el('button', { type: 'submit' }, say('login'));
    const bar = el('progress', { max: '1', value: '0', hidden: true, 'aria-label': say('working') });
    const form = el('form', { onsubmit: (event) => {
      event.preventDefault();
      // As the box writes it, however it was typed.
      const secret = setup ? input.value.toUpperCase().replace(/[^A-Z0-9]/g, '') : input.value;
      if (!secret) return box.wrong(say('empty'));
      bar.hidden = false;
      busy(go, async () => {
        const got = await session.login(secret, (part) => { bar.value = part; });
        tell('');
        if (got.setup) setupPage.begin(); else home();
      }).then(() => { bar.hidden = true; });
    } }, box, bar, go);
    show(say(setup ? 'setup-title' : 'login-title'), form, el('p', { class: 'hint' }, say(location.protocol === 'https:' ? 'safety-sealed' : 'safety')));
    tell(message || '', Boolean(message));
  };

  const tabs = () => [
    ['state', boxPage.state], ['settings', settingsPage.begin], ['content', contentPage.begin], ['people', peoplePage.begin], ['internet', internetPage.begin], ['home', homePage.begin], ['stats', statsPage.begin], ['updates', boxPage.updates], ['log', boxPage.log], ['more', boxPage.more],
  ];
  let current = 'state';
  // The place of a tab's own parts, below the tabs.
  const home = (name) => {
    current = name || current;
    const body = el('div', { id: 'tab' });
    const list = tabs().map(([key]) => el('li', {}, el('a', { href: '#' + key, 'aria-current': key === current ? 'page' : null, onclick: (event) => { event.preventDefault(); home(key); } }, say('tab-' + key))));
    const head = show(say('tab-' + current), body);
    head.before(el('nav', { 'aria-label': say('owner') }, el('ul', { class: 'tabs' }, list)));
    tell('');
    const open = tabs().find(([key]) => key === current)[1];
    Promise.resolve(open(body)).catch(failed);
    head.focus({ preventScroll: true });
  };
  const start = (message) => {
    if (message) session.end();
    if (session.is()) home(); else loginForm(message);
  };
  return { say, el, fill, field, button, tell, failed, busy, sure, show, home, start, live };
})();
