// Statistics: charts that the box has drawn, and a table for a spreadsheet.
'use strict';
const statsPage = (() => {
  const { say, el, button, busy, tell, fill } = page;
  const drawn = (svg) => document.importNode(new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement, true);

  const begin = async (body) => {
    const got = await session.ask('GET', '/stats?lang=' + document.documentElement.lang);
    const csv = button(say('stats-csv'), () => busy(csv, async () => {
      const table = await session.ask('GET', '/stats/csv', undefined, 30000);
      const link = el('a', { href: URL.createObjectURL(new Blob([table.csv], { type: 'text/csv' })), download: 'hotspot-' + (got.today ? got.today.date : 'days') + '.csv' });
      body.append(link);
      link.click();
      URL.revokeObjectURL(link.href);
      link.remove();
      tell('');
    }), true);
    fill(body, el('p', {}, say('stats-how')), ...got.charts.map((c) => el('figure', {}, el('figcaption', {}, c.title), drawn(c.svg))),
      el('h3', {}, say('stats-most')), got.most.length ? el('ol', { class: 'list' }, got.most.map((m) => el('li', {}, el('span', { dir: 'auto' }, m.title), ' (' + m.times + ')'))) : el('p', {}, say('stats-none')), csv,
      sticksPart.part(say('stats-stick'), say('stats-stick-does'), say('stick-write'), (stick) => session.ask('POST', '/stats/stick', { stick }, 30000)));
  };
  return { begin };
})();
