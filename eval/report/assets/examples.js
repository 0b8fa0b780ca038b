/* The example browser: a list of problems, and what every strategy made of the chosen one. */
const browser = {
  list: $("#example-list"), detail: $("#example-detail"), shown: [], at: 0,

  filter() {
    const task = $("#example-task").value, group = $("#example-group").value, words = $("#example-search").value.trim().toLowerCase();
    const holds = (p) => !words || [p.id, p.gold, ...p.messages.map((m) => m.content)].some((t) => t.toLowerCase().includes(words));
    this.shown = data.examples.problems.filter((p) => (!task || p.task === task) && (!group || p.group === group) && holds(p));
    const button = (problem, i) => html("button", { type: "button", "data-at": i, on: { click: () => this.open(i) } },
      html("span", { class: "id" }, problem.id), html("span", { class: `group ${problem.group}` }, data.examples.groups[problem.group]));
    this.list.replaceChildren(...this.shown.map((p, i) => html("li", {}, button(p, i))));
    $("#example-count").textContent = `${this.shown.length} of ${data.examples.problems.length} shown`;
    this.open(0);
  },

  open(index) {
    this.at = Math.max(0, Math.min(this.shown.length - 1, index));
    for (const node of $$("button", this.list)) {
      const current = Number(node.dataset.at) === this.at;
      node.setAttribute("aria-current", String(current));
      if (current) this.list.scrollTop = Math.max(0, node.offsetTop - this.list.offsetTop - 80);
    }
    const problem = this.shown[this.at];
    this.detail.replaceChildren(...(problem ? this.view(problem) : [html("p", { class: "note" }, "No problem matches.")]));
  },

  view(problem) {
    const prompt = problem.messages.map((m) => html("div", { class: "message" }, html("span", { class: "role" }, m.role), html("pre", {}, m.content)));
    const answers = problem.answers.slice().sort((a, b) => order(a) - order(b) || a.stage - b.stage);
    return [html("h3", {}, problem.id, html("span", { class: `group ${problem.group}` }, data.examples.groups[problem.group])),
      ...prompt, html("p", { class: "gold" }, html("span", { class: "role" }, "gold"), html("code", {}, problem.gold)),
      html("div", { class: "answers" }, ...answers.map((a) => this.answer(a)))];
  },

  answer(a) {
    const [mark, word] = a.failed ? ["!", "failed"] : a.correct === null ? ["?", "unscored"] : a.correct ? ["✓", "right"] : ["✗", "wrong"];
    const value = a.value === null ? html("em", {}, a.failed ? "no answer" : "unparsed") : html("code", {}, a.value);
    const said = [`${a.tokens} tokens`, a.candidates > 1 ? `${a.candidates} candidates` : null, a.confidence === null ? null : `confidence ${decimal(a.confidence, 2)}`, a.abstained ? "abstained" : null];
    return html("details", { class: `answer ${word}` },
      html("summary", {}, html("span", { class: "verdict" }, `${mark} ${word}`), html("span", { class: "who" }, `${a.label}${a.ceiling ? " (ceiling)" : ""}`),
        html("span", { class: "stage" }, data.stages[a.stage].label), html("span", { class: "value" }, value)),
      html("p", { class: "note" }, said.filter(Boolean).join(" · ")), a.candidates > 1 ? this.pool(a) : null,
      html("pre", {}, a.failed ? a.error : data.examples.texts[a.text]));
  },

  pool(a) {
    const chip = (c) => html("span", { class: `chip ${c.correct ? "right" : c.correct === null ? "" : "wrong"}` },
      `${c.correct ? "✓ " : ""}${c.value === null ? "unparsed" : c.value} ×${c.count}`);
    const rest = a.classes - a.pool.length;
    return html("p", { class: "pool" }, html("span", { class: "role" }, "pool"), ...a.pool.map(chip), rest > 0 ? html("span", { class: "note" }, `and ${rest} more`) : null);
  },
};

function order(answer) { return data.methods.findIndex((m) => m.strategy === answer.strategy) + (answer.ceiling ? 1000 : 0); }

if (browser.list) {
  for (const id of ["#example-task", "#example-group"]) $(id).addEventListener("change", () => browser.filter());
  $("#example-search").addEventListener("input", () => browser.filter());
  $("#example-prev").addEventListener("click", () => browser.open(browser.at - 1));
  $("#example-next").addEventListener("click", () => browser.open(browser.at + 1));
  browser.filter();
}
