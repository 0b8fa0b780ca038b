/* Every plot beside the curve: a card per family, with a task to pick, a legend that switches lines, hover and arrow
   keys for the numbers, and the numbers as CSV. Drawn from data.plots, the same ones the pictures are drawn from. */
const MARKER_NAMES = ["circle", "square", "triangle", "diamond", "down", "pentagon", "star", "plus"];
const JOINED = ["line", "path", "fit"];
const dashes = (line) => (line.style === "fit" ? "1.5 3" : line.dash.join(" "));
const plainHue = (hue) => (hue < 0 ? "var(--ceiling)" : `var(--hue${hue % 8})`);

class PlotCard {
  constructor(plots) {
    this.plots = plots;
    this.at = 0;
    this.hidden = new Set();
    const tasks = plots.map((p, i) => html("option", { value: i }, p.task));
    this.pick = html("select", { "aria-label": `Task of ${plots[0].title}`, on: { change: () => { this.at = Number(this.pick.value); this.legend(); this.draw(); } } }, ...tasks);
    this.box = html("div", { class: "plotbox", tabindex: "0", role: "application", "aria-roledescription": "chart", "aria-label": `${plots[0].title}. Arrow keys walk from point to point.` });
    this.tip = html("p", { class: "said", "aria-live": "polite" });
    this.names = html("p", { class: "names" });
    const csv = html("button", { type: "button", class: "csv", on: { click: () => save(`${plots[0].family}.csv`, this.csv()) } }, "CSV");
    this.node = html("figure", { class: "card smallplot", id: `plot-${plots[0].family}` }, html("figcaption", {}, html("strong", {}, plots[0].title), html("span", { class: "note" }, plots[0].note)),
      html("div", { class: "controls" }, plots.length > 1 ? html("label", {}, "Task ", this.pick) : null, csv), this.box, this.tip, this.names);
    this.box.addEventListener("pointermove", (event) => {
      const frame = this.box.getBoundingClientRect(), x = event.clientX - frame.left, y = event.clientY - frame.top;
      const near = this.marks.map((m) => [(m.x - x) ** 2 + (m.y - y) ** 2, m]).filter(([d]) => d < 900).sort((a, b) => a[0] - b[0])[0];
      this.say(near ? near[1] : null);
    });
    this.box.addEventListener("pointerleave", () => this.say(null));
    this.box.addEventListener("keydown", (event) => this.walk(event));
    this.legend();
    new ResizeObserver(() => { if (this.box.clientWidth !== this.width) this.draw(); }).observe(this.box);
  }

  get plot() { return this.plots[this.at]; }

  legend() {
    this.names.replaceChildren(...this.plot.lines.map((line) => {
      const key = svg("svg", { viewBox: "0 0 26 12", width: 26, height: 12, "aria-hidden": "true", style: `--c:${plainHue(line.hue)}` });
      if (JOINED.includes(line.style)) key.append(svg("line", { x1: 1, x2: 25, y1: 6, y2: 6, class: "line", "stroke-dasharray": dashes(line) }));
      if (line.style !== "fit" && line.style !== "path") key.append(svg("path", { d: SHAPES[MARKER_NAMES[line.marker % 8]](4), transform: "translate(13 6)", class: "mark measured" }));
      const node = html("button", { type: "button", "aria-pressed": String(!this.hidden.has(line.label)), on: { click: () => {
        if (!this.hidden.delete(line.label)) this.hidden.add(line.label);
        node.setAttribute("aria-pressed", String(!this.hidden.has(line.label)));
        this.draw();
      } } }, key, line.label);
      return node;
    }));
  }

  ends(axis, values) {
    if (axis.ticks.length) return { f: (v) => v, low: -0.5, high: axis.ticks.length - 0.5 };
    const f = axis.log ? Math.log10 : (v) => v, found = values.filter((v) => v !== null && Number.isFinite(f(v))).map(f);
    let low = axis.low === null ? Math.min(...found) : f(axis.low), high = axis.high === null ? Math.max(...found) : f(axis.high);
    if (!(high - low > 1e-12)) { low -= 0.5; high += 0.5; }
    const pad = (high - low) * 0.04;
    return { f, whole: axis.whole, low: axis.low === null ? low - pad : low, high: axis.high === null ? high + pad : high };
  }

  draw() {
    this.width = this.box.clientWidth;
    const plot = this.plot, width = Math.max(240, this.width), foot = slant(plot.x.ticks, width - 64), height = 300 + foot, lines = plot.lines.filter((l) => !this.hidden.has(l.label));
    const area = { left: 54, right: width - 10, top: 10, bottom: height - 42 - foot, foot }, dots = lines.flatMap((l) => l.dots), places = lines.flatMap((l) => l.dots.map((d) => d[0] + l.shift));
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true", style: "--band:.08" });
    this.marks = [];
    if (dots.length) {
      const x = this.ends(plot.x, places), y = this.ends(plot.y, dots.flatMap((d) => [d[1], d[2], d[3]]));
      area.left = Math.max(54, 26 + 6.8 * Math.max(...steps(y, 6).map((v) => brief(v, plot.y).length)));
      const px = (v) => area.left + ((x.f(v) - x.low) / (x.high - x.low)) * (area.right - area.left);
      const py = (v) => Math.max(area.top, Math.min(area.bottom, area.bottom - ((y.f(v) - y.low) / (y.high - y.low)) * (area.bottom - area.top)));
      this.frame(root, plot, x, y, px, py, area);
      if (plot.diagonal) root.append(svg("line", { x1: px(Math.max(plot.x.low ?? 0, plot.y.low ?? 0)), y1: py(0), x2: px(1), y2: py(1), class: "axis", "stroke-dasharray": "3 3" }));
      lines.forEach((line, i) => root.append(this.line(line, i, lines.length, px, py, area)));
    } else root.append(svg("text", { x: width / 2, y: height / 2, "text-anchor": "middle", class: "tick" }, "There is nothing to plot."));
    this.halo = root.appendChild(svg("circle", { r: 8, class: "halo", visibility: "hidden" }));
    this.box.replaceChildren(root);
    this.say(null);
  }

  line(line, index, count, px, py, area) {
    const group = svg("g", { class: "series", style: `--c:${plainHue(line.hue)}` });
    const at = line.dots.map((d) => ({ line, d, x: px(d[0] + line.shift), y: py(d[1]) })), joined = JOINED.includes(line.style);
    if (joined && at.length > 1) group.append(svg("path", { class: "line", d: `M${at.map((p) => `${p.x.toFixed(1)} ${p.y.toFixed(1)}`).join("L")}`, "stroke-dasharray": dashes(line) }));
    const few = at.length <= 40;
    for (const p of at) {
      if (line.style === "bar") {
        const w = Math.max(4, Math.min(18, (area.right - area.left) / (line.dots.length * count * 1.6)));
        p.x += (index - (count - 1) / 2) * w;
        group.append(svg("rect", { x: p.x - w / 2 + 0.5, width: w - 1, y: Math.min(p.y, py(0)), height: Math.abs(py(0) - p.y), class: "column" }));
      }
      if (line.style === "dots" && this.plot.x.ticks.length) p.x += (index - (count - 1) / 2) * 12;
      if (p.d[2] !== null && p.d[3] !== null && few) group.append(svg("line", { class: "whisker", x1: p.x, x2: p.x, y1: py(p.d[2]), y2: py(p.d[3]) }));
      if ((line.style === "line" || line.style === "dots") && (few || line.style === "dots")) group.append(svg("path", { class: "mark measured", d: SHAPES[MARKER_NAMES[line.marker % 8]](few ? 4 : 2.6), transform: `translate(${p.x.toFixed(1)} ${p.y.toFixed(1)})` }));
      if (line.style !== "fit") this.marks.push(p);
    }
    return group;
  }

  frame(root, plot, x, y, px, py, area) {
    const below = (v, text) => { root.append(svg("text", { x: px(v), y: area.bottom + 16, "text-anchor": "middle", class: "tick" }, text)); };
    const room = Math.max(2, Math.floor((area.right - area.left) / 70));
    for (const v of steps(y, 6)) {
      root.append(svg("line", { x1: area.left, x2: area.right, y1: py(v), y2: py(v), class: "grid" }));
      root.append(svg("text", { x: area.left - 6, y: py(v) + 4, "text-anchor": "end", class: "tick" }, brief(v, plot.y)));
    }
    if (area.foot) plot.x.ticks.forEach((name, i) => {
      const at = `${px(i) + 4} ${area.bottom + 14}`, text = svg("text", { transform: `translate(${at}) rotate(-45)`, "text-anchor": "end", class: "tick" }, clip(name));
      text.append(svg("title", {}, name));
      root.append(text);
    });
    else if (plot.x.ticks.length) plot.x.ticks.forEach((name, i) => { if (plot.x.ticks.length <= room * 1.4 || i % Math.ceil(plot.x.ticks.length / room) === 0) below(i, name); });
    else for (const v of steps(x, room)) below(v, brief(v, plot.x));
    root.append(svg("line", { x1: area.left, x2: area.right, y1: area.bottom, y2: area.bottom, class: "axis" }));
    root.append(svg("text", { x: (area.left + area.right) / 2, y: area.bottom + area.foot + 36, "text-anchor": "middle", class: "title" }, plot.x.label + (plot.x.log ? ", log scale" : "")));
    root.append(svg("text", { x: 12, y: (area.top + area.bottom) / 2, transform: `rotate(-90 12 ${(area.top + area.bottom) / 2})`, "text-anchor": "middle", class: "title" }, plot.y.label));
  }

  say(mark) {
    this.current = mark;
    this.halo?.setAttribute("visibility", mark ? "visible" : "hidden");
    if (mark) { this.halo.setAttribute("cx", mark.x); this.halo.setAttribute("cy", mark.y); }
    const plot = this.plot, [a, b, low, high, note] = mark ? mark.d : [];
    const place = mark && plot.x.ticks.length ? plot.x.ticks[a] ?? a : mark && brief(a, plot.x);
    this.tip.textContent = mark ? `${mark.line.label}: ${brief(b, plot.y)}${low === null ? "" : ` [${brief(low, plot.y)}, ${brief(high, plot.y)}]`} at ${place}${note ? ` · ${note}` : ""}` : "";
  }

  walk(event) {
    if (event.key === "Escape") this.say(null);
    if (!event.key.startsWith("Arrow") || !this.marks.length) return;
    event.preventDefault();
    const step = event.key === "ArrowRight" || event.key === "ArrowDown" ? 1 : -1, at = this.marks.indexOf(this.current);
    this.say(this.marks[(at + step + this.marks.length) % this.marks.length]);
  }

  csv() {
    const rows = this.plots.flatMap((p) => p.lines.flatMap((l) => l.dots.map((d) => [p.task, l.label, ...d, p.x.label, p.y.label])));
    return csvOf([["task", "line", "x", "y", "ci_low", "ci_high", "note", "x_label", "y_label"], ...rows]);
  }
}

const LONGEST_TICK = 29, clip = (name) => (name.length > LONGEST_TICK ? `${name.slice(0, LONGEST_TICK - 1)}…` : name);

/* How much further down names reach that must stand slanted, in pixels; 0 where they fit beside each other. */
function slant(ticks, room) {
  const longest = Math.max(0, ...ticks.map((name) => clip(name).length));
  return ticks.some((name) => name.length * 6.6 > room / ticks.length) ? Math.round(longest * 4.6) : 0;
}

function steps({ low, high, f, whole }, room) {
  if (f === Math.log10) {
    const all = [];
    for (let e = Math.floor(low); e <= Math.ceil(high); e++) for (const s of high - low < 1.2 ? [1, 2, 5] : [1]) if (e + Math.log10(s) >= low - 1e-9 && e + Math.log10(s) <= high + 1e-9) all.push(s * 10 ** e);
    return all.filter((_, i) => i % Math.ceil(all.length / room) === 0);
  }
  const rough = Math.max((high - low) / room, whole ? 1 : 0), power = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].find((s) => s * power >= rough) * power;
  const found = [];
  for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + 1e-9; v += step) found.push(Math.abs(v) < step / 1e6 ? 0 : v);
  return found;
}

/* As short as three digits allow: 0.25, 12, 3.4 G. */
function brief(value, axis) {
  if (value === null) return "–";
  const text = Math.abs(value) >= 1000 || axis.unit ? quantity(value, axis.unit) : String(Number(value.toPrecision(3)));
  return text.replace(/(\.\d*?)0+(?= |$)/, "$1").replace(/\.(?= |$)/, "").replace("-", "−");
}

function save(name, text) {
  const link = html("a", { download: name, href: URL.createObjectURL(new Blob([text], { type: "text/csv" })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

for (const place of $$("[data-plots]")) {
  const mine = data.plots.filter((p) => p.section === place.dataset.plots);
  for (const family of [...new Set(mine.map((p) => p.family))]) place.append(new PlotCard(mine.filter((p) => p.family === family)).node);
}
