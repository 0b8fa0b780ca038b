/* The curve: accuracy over cost on a log axis. Series are drawn from data.points; colour and shape say the
   method, dash says the stage, a filled marker is measured and a hollow one derived. */
const COLUMN = Object.fromEntries(data.columns.map((name, i) => [name, i]));
const SHAPES = {
  circle: (r) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
  square: (r) => polygon(4, r * 1.2, Math.PI / 4),
  triangle: (r) => polygon(3, r * 1.35, -Math.PI / 2),
  diamond: (r) => polygon(4, r * 1.3, 0),
  down: (r) => polygon(3, r * 1.35, Math.PI / 2),
  pentagon: (r) => polygon(5, r * 1.2, -Math.PI / 2),
  star: (r) => polygon(10, r * 1.5, -Math.PI / 2, 0.45),
  plus: (r) => { const a = r * 1.25, b = r * 0.45; return `M${-b} ${-a}H${b}V${-b}H${a}V${b}H${b}V${a}H${-b}V${b}H${-a}V${-b}H${-b}Z`; },
};

function polygon(corners, radius, turn, inner = 1) {
  const points = Array.from({ length: corners }, (_, i) => {
    const r = inner !== 1 && i % 2 ? radius * inner : radius, angle = turn + (2 * Math.PI * i) / corners;
    return `${(r * Math.cos(angle)).toFixed(2)} ${(r * Math.sin(angle)).toFixed(2)}`;
  });
  return `M${points.join("L")}Z`;
}

const hueOf = (method) => (method.ceiling ? "var(--ceiling)" : `var(--hue${method.hue})`);
const dashOf = (series) => (data.methods[series.method].ceiling ? "1.5 4" : data.stages[series.stage].dash.join(" "));
const saidOf = (method) => [method.ceiling ? "ceiling" : "", method.gaps].filter(Boolean).join(", ");
const nameOf = (series) => { const method = data.methods[series.method], said = saidOf(method); return said ? `${method.label} (${said})` : method.label; };

const chart = {
  box: $("#chart"), tip: $("#tip"), task: 0, axis: 0, full: false, log: true, hidden: new Set(), marks: [], current: null,

  cost(row) { return data.axes[this.axis].columns.reduce((sum, name) => sum + (row[COLUMN[name]] ?? NaN), 0); },

  /* [{series, rows}] that can be drawn: of the task, not hidden, with a positive cost and an accuracy. */
  visible() {
    const groups = new Map();
    this.dropped = 0;
    for (const row of data.points) {
      if (row[COLUMN.task] !== this.task || this.hidden.has(row[COLUMN.series])) continue;
      if (!(this.cost(row) > 0) || row[COLUMN.accuracy] === null) { this.dropped++; continue; }
      if (!groups.has(row[COLUMN.series])) groups.set(row[COLUMN.series], []);
      groups.get(row[COLUMN.series]).push(row);
    }
    const order = (i) => (data.methods[data.series[i].method].ceiling ? -1 : i);
    return [...groups].sort((a, b) => order(a[0]) - order(b[0]))
      .map(([index, rows]) => ({ index, series: data.series[index], rows: rows.sort((a, b) => this.cost(a) - this.cost(b) || a[COLUMN.samples] - b[COLUMN.samples]) }));
  },

  draw() {
    const width = Math.max(280, this.box.clientWidth), height = width < 560 ? 340 : Math.max(480, Math.min(640, this.room()));
    const area = { left: 44, right: width - 14, top: 14, bottom: height - 46 };
    const groups = this.visible();
    const scale = this.scales(groups, area);
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true", style: `--band:${Math.min(0.09, 0.9 / groups.length).toFixed(3)}` });
    this.marks = [];
    if (groups.length) this.frame(root, scale, area, width, height);
    else root.append(svg("text", { x: width / 2, y: height / 2, "text-anchor": "middle", class: "tick" }, "None of the selected lines has a point on this axis."));
    for (const group of groups) root.append(this.line(group, scale));
    this.halo = root.appendChild(svg("circle", { r: 10, class: "halo", visibility: "hidden" }));
    this.box.replaceChildren(root);
    this.root = root;
    this.hide();
    $("#dropped").textContent = this.dropped ? `${this.dropped} point${this.dropped > 1 ? "s" : ""} without a positive cost on this axis or without a scored problem ${this.dropped > 1 ? "are" : "is"} not drawn.` : "";
  },

  /* Beside a long legend the curve may be as tall as that. */
  room() { const side = $("#legend"); return side.offsetTop === this.box.parentElement.offsetTop ? side.scrollHeight - 30 : 0; },

  scales(groups, area) {
    const rows = groups.flatMap((g) => g.rows), f = this.log ? Math.log10 : (v) => v, costs = rows.map((r) => f(this.cost(r)));
    let low = costs.reduce((a, b) => Math.min(a, b), Infinity), high = costs.reduce((a, b) => Math.max(a, b), -Infinity);
    if (!this.log) low = 0;
    if (this.log && high - low < 0.3) { low -= 0.3; high += 0.3; }
    const pad = (high - low) * 0.04;
    if (this.log) low -= pad;
    high += pad || 1;
    const top = this.full ? 1 : Math.min(1, 1.06 * rows.reduce((m, r) => Math.max(m, r[COLUMN.accuracy], r[COLUMN.ci_high] ?? 0), 0.02));
    return {
      low, high, top, f,
      x: (cost) => area.left + ((f(cost) - low) / (high - low)) * (area.right - area.left),
      y: (accuracy) => area.bottom - (accuracy / top) * (area.bottom - area.top),
    };
  },

  frame(root, scale, area, width, height) {
    const step = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2].find((s) => scale.top / s <= 8) || 0.25;
    for (let i = 0; i * step <= scale.top + 1e-9; i++) {
      const y = scale.y(i * step);
      root.append(svg("line", { x1: area.left, x2: area.right, y1: y, y2: y, class: i ? "grid" : "axis" }));
      root.append(svg("text", { x: area.left - 7, y: y + 4, "text-anchor": "end", class: "tick" }, (i * step).toFixed(step < 0.01 ? 3 : 2)));
    }
    const axis = data.axes[this.axis];
    for (const tick of this.ticks(scale, area)) {
      root.append(svg("line", { x1: scale.x(tick), x2: scale.x(tick), y1: area.bottom, y2: area.bottom + 5, class: "axis" }));
      root.append(svg("text", { x: scale.x(tick), y: area.bottom + 18, "text-anchor": "middle", class: "tick" }, quantity(Number(tick.toPrecision(3)), axis.unit === "tokens" ? "" : axis.unit).replace(/\.0+(?= |$)/, "")));
    }
    root.append(svg("text", { x: (area.left + area.right) / 2, y: height - 8, "text-anchor": "middle", class: "title" }, width < 560 ? `${axis.brief} per problem${this.log ? ", log scale" : ""}` : `${axis.label}${this.log ? ", log scale" : ""}`));
  },

  /* 1-2-5 steps, thinned until labels have room. */
  ticks(scale, area) {
    const room = Math.floor((area.right - area.left) / 105);
    if (!this.log) return steps(scale, room);
    for (const steps of [[1, 2, 5], [1, 3], [1]]) {
      const found = [];
      for (let e = Math.floor(scale.low); e <= Math.ceil(scale.high); e++)
        for (const s of steps) { const v = s * 10 ** e; if (Math.log10(v) >= scale.low && Math.log10(v) <= scale.high) found.push(v); }
      if (found.length <= room || steps.length === 1) return found.filter((_, i) => i % Math.ceil(found.length / room) === 0);
    }
    return [];
  },

  line({ index, series, rows }, scale) {
    const method = data.methods[series.method];
    const group = svg("g", { class: `series${method.ceiling ? " ceiling" : ""}`, "data-series": index, style: `--c:${hueOf(method)}` });
    const at = rows.map((row) => ({ row, x: scale.x(this.cost(row)), y: scale.y(row[COLUMN.accuracy]),
      low: scale.y(row[COLUMN.ci_low] ?? row[COLUMN.accuracy]), high: scale.y(row[COLUMN.ci_high] ?? row[COLUMN.accuracy]) }));
    if (at.length > 1) {
      const path = (points) => points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
      group.append(svg("path", { class: "band", d: `M${path([...at.map((p) => [p.x, p.high]), ...at.slice().reverse().map((p) => [p.x, p.low])])}Z` }));
      group.append(svg("path", { class: "line", d: `M${path(at.map((p) => [p.x, p.y]))}`, "stroke-dasharray": dashOf(series) }));
    }
    for (const p of at) {
      const measured = p.row[COLUMN.measured];
      if (measured || at.length === 1) group.append(svg("line", { class: "whisker", x1: p.x, x2: p.x, y1: p.low, y2: p.high }));
      const k = p.row[COLUMN.samples], large = measured || (k & (k - 1)) === 0;  // a marker at every k would hide the lines
      group.append(svg("path", { class: `mark ${measured ? "measured" : "derived"}`, d: SHAPES[method.marker](large ? 5 : 1.5), transform: `translate(${p.x.toFixed(1)} ${p.y.toFixed(1)})` }));
      this.marks.push({ ...p, index, series });
    }
    return group;
  },

  /* The rows that are drawn now, with every column of the data. */
  csv() {
    const rows = this.visible().flatMap(({ series, rows }) => rows.map((r) => [data.stages[series.stage].label, nameOf(series), data.tasks[r[COLUMN.task]], ...r.slice(2)]));
    return csvOf([["stage", "method", "task", ...data.columns.slice(2)], ...rows]);
  },

  nearest(x, y, reach) {
    let best = null, least = reach * reach;
    for (const mark of this.marks) { const d = (mark.x - x) ** 2 + (mark.y - y) ** 2; if (d < least) { least = d; best = mark; } }
    return best;
  },

  show(mark, speak) {
    if (!mark) { this.hide(); return; }
    this.current = mark;
    this.emphasise((i) => i === mark.index);
    this.halo.setAttribute("visibility", "visible");
    this.halo.setAttribute("cx", mark.x);
    this.halo.setAttribute("cy", mark.y);
    const row = mark.row, get = (name) => row[COLUMN[name]], axis = data.axes[this.axis];
    const title = `${nameOf(mark.series)} · ${data.stages[mark.series.stage].label}`;
    const accuracy = `${decimal(get("accuracy"))} [${decimal(get("ci_low"))}, ${decimal(get("ci_high"))}]`;
    const lines = [["accuracy", accuracy], ["of", `${get("problems")} problems, ${get("samples")} sample${get("samples") === 1 ? "" : "s"} each`],
      ...(get("failed") || get("unscored") ? [["not measured", `${get("failed") || 0} failed, ${get("unscored") || 0} unscored: the interval allows for them`]] : []),
      [axis.brief, quantity(this.cost(row), axis.unit)],
      ["all tokens", quantity((get("prompt_tokens") ?? NaN) + (get("completion_tokens") ?? NaN))], ["seconds", quantity(get("seconds"), "s")],
      ["origin", get("measured") ? "measured" : "derived from the pool"]];
    this.tip.replaceChildren(html("strong", {}, title), html("dl", {}, ...lines.flatMap(([k, v]) => [html("dt", {}, k), html("dd", {}, v)])));
    this.tip.hidden = false;
    const width = this.tip.offsetWidth, space = this.box.clientWidth;
    this.tip.style.left = `${Math.max(0, Math.min(space - width, mark.x > space / 2 ? mark.x - width - 16 : mark.x + 16))}px`;
    this.tip.style.top = `${Math.max(0, mark.y - this.tip.offsetHeight / 2)}px`;
    if (speak) $("#spoken").textContent = `${title}: accuracy ${accuracy}, samples ${get("samples")}, ${quantity(this.cost(row), axis.unit)}`;
  },

  hide() { this.current = null; this.tip.hidden = true; if (this.halo) this.halo.setAttribute("visibility", "hidden"); this.emphasise(null); },

  emphasise(chosen) {
    if (!this.root) return;
    this.root.classList.toggle("focus", chosen !== null);
    for (const group of $$(".series", this.root)) group.classList.toggle("on", chosen !== null && chosen(Number(group.dataset.series)));
  },

  /* Left and right walk along a line; up and down go to the next line at about the same cost. */
  walk(key) {
    if (!this.marks.length) return;
    if (!this.current) { this.show(this.marks[0], true); return; }
    const lines = [...new Set(this.marks.map((m) => m.index))], line = this.marks.filter((m) => m.index === this.current.index);
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: 1, ArrowDown: -1 }[key];
    if (key === "ArrowLeft" || key === "ArrowRight") {
      this.show(line[Math.max(0, Math.min(line.length - 1, line.indexOf(this.current) + step))], true);
    } else {
      const next = lines[(lines.indexOf(this.current.index) + step + lines.length) % lines.length];
      const there = this.marks.filter((m) => m.index === next);
      this.show(there.reduce((a, b) => (Math.abs(b.x - this.current.x) < Math.abs(a.x - this.current.x) ? b : a)), true);
    }
  },
};

(function controls() {
  if (!chart.box) return;
  const choose = (selector, act) => $(selector).addEventListener("change", (event) => { act(event.target); chart.draw(); legend.refresh(); });
  choose("#task", (input) => { chart.task = Number(input.value); });
  choose("#axis", (input) => { chart.axis = Number(input.value); });
  choose("#log", (input) => { chart.log = input.checked; });
  $("#drawn-csv").addEventListener("click", () => save("curve.csv", chart.csv()));
  choose("#full", (input) => { chart.full = input.checked; });
  chart.box.addEventListener("pointermove", (event) => {
    const frame = chart.box.getBoundingClientRect();
    chart.show(chart.nearest(event.clientX - frame.left, event.clientY - frame.top, event.pointerType === "mouse" ? 26 : 44), false);
  });
  chart.box.addEventListener("pointerleave", () => chart.hide());
  chart.box.addEventListener("blur", () => chart.hide());
  chart.box.addEventListener("keydown", (event) => {
    if (event.key.startsWith("Arrow")) { event.preventDefault(); chart.walk(event.key); }
    if (event.key === "Escape") chart.hide();
  });
  let width = 0;
  new ResizeObserver(() => { if (chart.box.clientWidth !== width) { width = chart.box.clientWidth; chart.draw(); } }).observe(chart.box);
})();
