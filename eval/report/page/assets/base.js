"use strict";
/* Shared by the page's parts. Every text goes into the page as a text node: model output is untrusted. */
const data = JSON.parse(document.getElementById("report-data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

function html(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    else if (value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

const PREFIXES = [[1e24, "Y"], [1e21, "Z"], [1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

/* Three significant digits with an SI prefix, as the tables have it. */
function quantity(value, unit = "") {
  if (value === null || !Number.isFinite(value)) return "–";
  const [size, prefix] = PREFIXES.find(([s]) => Math.abs(value) >= s * 0.9995) || [1, ""];
  const scaled = value / size;
  const digits = scaled === 0 ? 0 : Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(scaled)) + 1e-12)));
  const number = scaled.toFixed(digits);
  return unit || prefix ? `${number} ${prefix}${unit}`.trim() : number;
}

/* A CSV file of rows. What a spreadsheet would run as a formula is written as text, with an apostrophe in front. */
function csvOf(rows) {
  const plain = (v) => (typeof v === "string" && /^[=+\-@\t\r]/.test(v) && Number.isNaN(Number(v)) ? `'${v}` : String(v ?? ""));
  const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => row.map((v) => cell(plain(v))).join(",")).join("\n") + "\n";
}

const decimal = (value, digits = 3) => (value === null ? "–" : value.toFixed(digits).replace("-", "−"));

/* A remembered choice; a page opened from a file may have no storage. */
const memory = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* not kept, that is all */ } },
};

(function theme() {
  const root = document.documentElement;
  const asked = () => /^#(light|dark)$/.exec(location.hash)?.[1];
  const start = asked() || memory.get("report-theme");
  if (start === "light" || start === "dark") root.dataset.theme = start;
  const button = $("#theme");
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const show = () => { button.textContent = isDark() ? "Light" : "Dark"; button.setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`); };
  button.hidden = false;
  button.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; memory.set("report-theme", root.dataset.theme); show(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  addEventListener("hashchange", () => { if (asked()) { root.dataset.theme = asked(); show(); } });
  show();
})();
