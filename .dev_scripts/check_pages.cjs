// Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
// Opens pages in Chromium and reports what axe-core objects to; see
// check_pages.py, which starts it.
'use strict';
const fs = require('fs');
const path = require('path');
const puppeteer = require('puppeteer-core');

const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const [shots, ...files] = process.argv.slice(2);

// Runs in the page.
function measures() {
  const all = (selector) => [...document.querySelectorAll(selector)];
  return {
    wide: document.documentElement.scrollWidth - innerWidth,
    cut: all('td, th, dd, dt, p').filter((element) =>
      getComputedStyle(element).overflowX !== 'visible' &&
      element.scrollWidth > element.clientWidth + 1).length,
    scrolling: all('.scroll').filter((box) =>
      box.scrollWidth > box.clientWidth + 1).length,
    rows: all('#classes-table tbody tr').length,
    shown: all('#classes-table tbody tr').filter((row) =>
      row.offsetParent !== null).length,
  };
}

async function look(browser, file, width, scheme) {
  const name = [path.basename(path.dirname(file)),
    path.basename(file, '.html'), width, scheme].join('_');
  const page = await browser.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(`script: ${error.message}`));
  await page.setBypassCSP(true);  // axe is not of the page
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures(
    [{ name: 'prefers-color-scheme', value: scheme }]);
  await page.goto(`file://${path.resolve(file)}`);
  const found = await page.evaluate(measures);
  if (found.wide > 0) faults.push(`${found.wide} pixels too wide`);
  if (found.cut) faults.push(`${found.cut} texts are cut off`);
  if (width >= 1400 && found.scrolling) {
    faults.push(`${found.scrolling} tables do not fit`);
  }
  await page.evaluate(axe);
  const result = await page.evaluate(() => axe.run(document));
  for (const violation of result.violations) {
    faults.push(`${violation.impact} ${violation.id}: ` +
      `${violation.nodes.length} times, ${violation.nodes[0].html}`);
  }
  await page.screenshot({ path: path.join(shots, `${name}.png`) });
  await page.emulateMediaType('print');
  const printed = await page.evaluate(measures);
  if (printed.shown !== found.rows) {
    faults.push(`${found.rows - printed.shown} classes are not printed`);
  }
  await page.close();
  console.log(`${name}: ${result.passes.length} rules of axe pass, ` +
    `${found.rows} rows, ${faults.length} faults`);
  faults.forEach((fault) => console.log(`  ${fault}`));
  return faults.length;
}

(async () => {
  fs.mkdirSync(shots, { recursive: true });
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM,
    args: ['--no-sandbox'],
    protocolTimeout: 0,
  });
  let faults = 0;
  for (const file of files) {
    for (const width of [1400, 390]) {
      for (const scheme of ['light', 'dark']) {
        faults += await look(browser, file, width, scheme);
      }
    }
  }
  await browser.close();
  process.exitCode = faults ? 1 : 0;
})();
