const MOVES = { c: "corrected", x: "corrupted" };

/* One strategy's answer to one problem: what it chose, why, and every sample it chose from. Bodies are made
   when opened, so that 64 samples under 20 strategies cost nothing until somebody looks. */
function answerView(a, problem, series) {
  const [sign, word] = MARKS[a.mark];
  const value = a.value === null ? html("em", {}, a.mark === "f" ? "no answer" : "unparsed") : html("code", {}, a.value);
  const node = html("details", { class: `answer ${word}` },
    html("summary", {}, html("span", { class: "verdict" }, `${sign} ${word === "missed" ? "wrong" : word}`),
      html("span", { class: "who" }, `${series.label}${series.ceiling ? " (ceiling)" : ""}`),
      html("span", { class: "stage" }, data.stages[series.stage].label), html("span", { class: "value" }, value), a.move ? html("span", { class: "tag" }, MOVES[a.move]) : null));
  node.addEventListener("toggle", () => { if (node.open && node.children.length === 1) node.append(...answerBody(a, problem, series)); });
  return node;
}

function answerBody(a, problem, series) {
  const said = [`${a.tokens} tokens`, `${quantity(a.flops, "FLOPs")}`, a.pool.length > 1 ? `${a.pool.length} samples` : null,
    a.confidence === null ? null : `confidence ${decimal(a.confidence, 2)}`, a.abstained ? "abstained" : null];
  const text = a.error || (a.text ?? problem.samples[a.pool[a.chosen]][0]);
  return [html("p", { class: "why" }, why(a, problem, series)), html("p", { class: "note" }, said.filter(Boolean).join(" · ")),
    html("pre", {}, text), a.trace ? html("p", { class: "note" }, html("span", { class: "role" }, "trace"), html("code", {}, a.trace)) : null,
    a.pool.length > 1 ? sampleList(a, problem) : null].filter(Boolean);
}

/* In words: what the choice rested on, and where the right one was. */
function why(a, problem, series) {
  const pool = a.pool.map((i, at) => ({ value: problem.samples[i][1], correct: problem.samples[i][2], score: a.scores?.[at] ?? null }));
  const parts = [];
  if (a.mark === "f") return "The strategy failed, so there is no answer. It is not in any number, and widens the intervals.";
  if (a.reason) parts.push(`The checker: ${a.reason}.`);
  if (a.value === null) parts.push("No answer could be read from the text.");
  if (pool.length < 2) return parts.join(" ") || (a.mark === "r" ? "It agrees with the gold answer." : "It does not agree with the gold answer.");
  const right = pool.filter((c) => c.correct), votes = pool.filter((c) => c.value !== null && c.value === a.value).length;
  parts.push(`${votes} of ${pool.length} samples give this answer; ${right.length} ${right.length === 1 ? "is" : "are"} right.`);
  const score = a.chosen === null ? null : pool[a.chosen].score, scored = pool.filter((c) => c.score !== null);
  if (score !== null) {
    const rank = (s) => 1 + scored.filter((c) => c.score > s).length;
    parts.push(`${series.scorer ? `${series.scorer} scored` : "Scored"} the chosen one ${score} (rank ${rank(score)} of ${scored.length}).`);
    const best = right.reduce((m, c) => (c.score !== null && (m === null || c.score > m) ? c.score : m), null);
    if (a.mark === "m" && best !== null) parts.push(`The best right one got ${best} (rank ${rank(best)}).`);
  }
  if (a.mark === "m") parts.push("One of the samples is right, but it was not chosen.");
  return parts.join(" ");
}

function sampleList(a, problem) {
  const order = a.pool.map((_, i) => i);
  if (a.scores) order.sort((x, y) => (a.scores[y] ?? -Infinity) - (a.scores[x] ?? -Infinity));
  const rows = order.map((at) => {
    const [text, value, correct, tokens, finish] = problem.samples[a.pool[at]], picked = at === a.chosen;
    const word = correct === null ? "unscored" : correct ? "right" : "wrong", sign = correct === null ? "?" : correct ? "✓" : "✗";
    const node = html("details", { class: `sample ${word}${picked ? " chosen" : ""}` }, html("summary", {},
      html("span", { class: "number" }, `#${at + 1}`), html("span", { class: "verdict" }, `${sign} ${word}`),
      a.scores ? html("span", { class: "score" }, decimal(a.scores[at], 3)) : null, html("code", {}, value === null ? "unparsed" : value),
      html("span", { class: "note" }, `${tokens} tokens${finish === "length" ? ", cut off" : finish === "stop" ? "" : `, ${finish}`}`), picked ? html("span", { class: "tag" }, "chosen") : null));
    node.addEventListener("toggle", () => { if (node.open && node.children.length === 1) node.append(html("pre", {}, text)); });
    return node;
  });
  return html("details", { class: "samples" }, html("summary", {}, `All ${rows.length} samples${a.scores ? ", best score first" : ""}`), ...rows);
}
