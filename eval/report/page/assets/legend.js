/* The legend is a small table, methods by stages; each cell switches one line, heads switch a row or column. */
const legend = {
  cells: new Map(),

  swatch(series) {
    const method = data.methods[series.method];
    const picture = svg("svg", { viewBox: "0 0 46 16", width: 46, height: 16, "aria-hidden": "true", style: `--c:${hueOf(method)}`, class: method.ceiling ? "ceiling" : "" });
    picture.append(svg("line", { x1: 2, x2: 44, y1: 8, y2: 8, class: "line", "stroke-dasharray": dashOf(series) }));
    picture.append(svg("path", { d: SHAPES[method.marker](4.6), transform: "translate(23 8)", class: "mark measured" }));
    return picture;
  },

  build() {
    const find = (stage, method) => data.series.findIndex((s) => s.stage === stage && s.method === method);
    const head = html("tr", {}, html("td"), ...data.stages.map((stage, i) =>
      html("th", { scope: "col" }, this.button(stage.label, data.series.flatMap((s, j) => (s.stage === i ? [j] : [])), stage.model))));
    const rows = data.methods.map((method, m) => {
      const all = data.series.flatMap((s, j) => (s.method === m ? [j] : []));
      return html("tr", {}, html("th", { scope: "row" }, this.button(method.label, all, ""), method.ceiling ? html("span", { class: "tag" }, "ceiling") : null),
        ...data.stages.map((stage, s) => html("td", {}, find(s, m) < 0 ? "–" : this.cell(find(s, m)))));
    });
    $("#legend").replaceChildren(html("table", {}, html("thead", {}, head), html("tbody", {}, ...rows)), this.quick());
    this.refresh();
  },

  cell(index) {
    const series = data.series[index];
    const node = html("button", { type: "button", class: "swatch", "aria-label": `${nameOf(series)}, ${data.stages[series.stage].label}`,
      on: { click: () => this.toggle([index]), pointerenter: () => chart.emphasise((i) => i === index), pointerleave: () => chart.emphasise(null) } }, this.swatch(series));
    this.cells.set(index, node);
    return node;
  },

  button(label, indices, title) {
    return html("button", { type: "button", class: "name", title: title || null,
      on: { click: () => this.toggle(indices), pointerenter: () => chart.emphasise((i) => indices.includes(i)), pointerleave: () => chart.emphasise(null) } }, label);
  },

  quick() {
    const every = data.series.map((_, i) => i), results = every.filter((i) => !data.methods[data.series[i].method].ceiling);
    const set = (label, shown) => html("button", { type: "button", on: { click: () => { chart.hidden = new Set(every.filter((i) => !shown.includes(i))); this.update(); } } }, label);
    return html("p", { class: "quick" }, set("All", every), set("None", []), results.length < every.length ? set("Without ceilings", results) : null);
  },

  toggle(indices) {
    const show = indices.every((i) => chart.hidden.has(i));
    for (const i of indices) if (show) chart.hidden.delete(i); else chart.hidden.add(i);
    this.update();
  },

  update() { chart.draw(); this.refresh(); },

  refresh() {
    const present = new Set(data.points.filter((row) => row[COLUMN.task] === chart.task).map((row) => row[COLUMN.series]));
    for (const [index, node] of this.cells) {
      node.setAttribute("aria-pressed", String(!chart.hidden.has(index)));
      node.disabled = !present.has(index);
    }
  },
};
if (chart.box) { legend.build(); chart.draw(); }
