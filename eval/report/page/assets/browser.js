/* The browser of problems. The index is small and decoded once; the problems themselves lie in compressed shards
   that are decoded when one is opened, the last few kept. The list shows one page of names at a time. */
const PAGE = 50;
const MARKS = { r: ["✓", "right"], w: ["✗", "wrong"], m: ["✗", "missed"], f: ["!", "failed"], u: ["?", "unscored"] };

async function unpacked(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const browser = {
  list: $("#example-list"), detail: $("#example-detail"), head: data.browser, problems: [], shown: [], at: 0, page: 0, kept: new Map(), asked: 0,

  async start() {
    const rows = await unpacked("problem-index");
    this.problems = rows.map(([task, id, group, marks, prompt, gold, moves], number) => ({ task, id, group, marks, prompt, gold, moves, number, words: `${id}\n${prompt}\n${gold}`.toLowerCase() }));
    this.filter();
  },

  /* Of the chosen series, or of every one that is no ceiling, the marks of a problem. */
  marks(problem, series) { return this.of(problem.marks, series); },
  of(letters, series) {
    return series === "" ? [...letters].filter((_, i) => !this.head.series[i].ceiling).join("") : letters[Number(series)];
  },

  fits(problem, status, series) {
    if (!status) return series === "" || this.marks(problem, series) !== "-";
    if (status.startsWith("group:")) return problem.group === status.slice(6);
    const marks = this.marks(problem, series);
    if (status === "disagree") { const all = this.marks(problem, ""); return all.includes("r") && /[wmf]/.test(all); }
    if (status === "corrected" || status === "corrupted") return this.of(problem.moves, series).includes(status === "corrected" ? "c" : "x");
    if (status === "wrong") return /[wm]/.test(marks);
    return marks.includes({ right: "r", missed: "m", failed: "f", unscored: "u" }[status]);
  },

  filter() {
    const task = $("#example-task").value, status = $("#example-status").value, series = $("#example-series").value;
    const words = $("#example-search").value.trim().toLowerCase();
    this.shown = this.problems.filter((p) => (!task || p.task === task) && (!words || p.words.includes(words)) && this.fits(p, status, series));
    const total = Object.values(this.head.totals).reduce((a, b) => a + b, 0);
    const held = total > this.problems.length ? `; ${total} were evaluated` : "";
    $("#example-count").textContent = `${this.shown.length.toLocaleString("en")} of ${this.problems.length.toLocaleString("en")} problems${held}`;
    this.page = -1;
    this.open(0);
  },

  turn(page) {
    const pages = Math.max(1, Math.ceil(this.shown.length / PAGE));
    page = Math.max(0, Math.min(pages - 1, page));
    if (page === this.page) return;
    this.page = page;
    const from = page * PAGE;
    this.list.replaceChildren(...this.shown.slice(from, from + PAGE).map((p, i) => html("li", {}, this.name(p, from + i))));
    this.list.scrollTop = 0;
    $("#page-count").textContent = `page ${page + 1} of ${pages}`;
    $("#page-prev").disabled = page === 0;
    $("#page-next").disabled = page >= pages - 1;
  },

  name(problem, at) {
    const marks = this.marks(problem, ""), right = marks.split("r").length - 1, all = marks.replaceAll("-", "").length;
    return html("button", { type: "button", "data-at": at, on: { click: () => this.open(at) } }, html("span", { class: "id" }, problem.id),
      html("span", { class: `group ${problem.group}` }, `${this.head.groups[problem.group]} · ${right}/${all} right`));
  },

  async open(index, focus = false) {
    this.at = Math.max(0, Math.min(this.shown.length - 1, index));
    this.turn(Math.floor(Math.max(0, this.at) / PAGE));
    for (const node of $$("button", this.list)) {
      const current = Number(node.dataset.at) === this.at;
      node.setAttribute("aria-current", String(current));
      node.tabIndex = current ? 0 : -1;
      if (current && focus) node.focus({ preventScroll: true });
      if (current) this.list.scrollTop = Math.max(0, node.offsetTop - this.list.offsetTop - 80);
    }
    $("#example-prev").disabled = this.at <= 0;
    $("#example-next").disabled = this.at >= this.shown.length - 1;
    const line = this.shown[this.at], ticket = ++this.asked;
    if (!line) { this.detail.replaceChildren(html("p", { class: "note" }, "No problem matches.")); return; }
    const problem = (await this.shard(Math.floor(line.number / this.head.shard)))[line.number % this.head.shard];
    if (ticket === this.asked) { this.detail.replaceChildren(...this.view(line, problem)); this.detail.scrollTop = 0; this.detail.dataset.shown = line.number; }
  },

  shard(number) {
    if (!this.kept.has(number)) this.kept.set(number, unpacked(`shard-${number}`));
    if (this.kept.size > 6) this.kept.delete(this.kept.keys().next().value);
    return this.kept.get(number);
  },

  view(line, problem) {
    const prompt = problem.messages.map((m) => html("div", { class: "message" }, html("span", { class: "role" }, m.role), html("pre", {}, m.content)));
    const answers = problem.answers.slice().sort((a, b) => this.head.series[a.series].ceiling - this.head.series[b.series].ceiling || a.series - b.series);
    return [html("h3", {}, line.id, html("span", { class: `group ${line.group}` }, this.head.groups[line.group])),
      ...prompt, html("p", { class: "gold" }, html("span", { class: "role" }, "gold"), html("code", {}, problem.gold)),
      html("div", { class: "answers" }, ...answers.map((a) => answerView(a, problem, this.head.series[a.series])))];
  },

  move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.open(Number.isFinite(step) ? this.at + step : step > 0 ? this.shown.length - 1 : 0, true);
  },
};

if (browser.list) {
  for (const id of ["#example-task", "#example-status", "#example-series"]) $(id).addEventListener("change", () => browser.filter());
  $("#example-search").addEventListener("input", () => browser.filter());
  $("#example-prev").addEventListener("click", () => browser.open(browser.at - 1));
  $("#example-next").addEventListener("click", () => browser.open(browser.at + 1));
  $("#page-prev").addEventListener("click", () => browser.open((browser.page - 1) * PAGE));
  $("#page-next").addEventListener("click", () => browser.open((browser.page + 1) * PAGE));
  browser.list.addEventListener("keydown", (event) => browser.move(event));
  browser.start().catch((error) => { $("#example-count").textContent = `The problems could not be read: ${error.message}`; });
}
