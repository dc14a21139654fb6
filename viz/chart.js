// Draws the figure of the model with Plotly, which every chart of the page shares.
const source = new URL("/gridrush/plotly.mjs", window.location.href).href;
const options = { displayModeBar: false, responsive: false };

function download(name, href) {
  const link = document.createElement("a");
  link.download = name;
  link.href = href;
  document.body.appendChild(link);
  link.click();
  link.remove();
}

function quoted(value) {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// One row a point: what is drawn is what is exported.
function table(figure) {
  const rows = [["series", "label", "x", "y"]];
  for (const trace of figure.data) {
    if (trace.meta === "decoration") continue;
    const xs = trace.x ?? [];
    const ys = trace.y ?? [];
    const texts = trace.customdata ?? [];
    xs.forEach((x, at) => {
      if (x !== null || ys[at] !== null) rows.push([trace.name ?? "", texts[at] ?? "", x, ys[at]]);
    });
  }
  return rows.map((row) => row.map(quoted).join(",")).join("\n") + "\n";
}

async function image(Plotly, place, format) {
  const { width, height } = place.getBoundingClientRect();
  // Twice the dots on paper: a projector's picture stays sharp.
  return Plotly.toImage(place, { format, width, height, scale: format === "png" ? 2 : 1 });
}

async function exported(Plotly, place, model, format) {
  const figure = model.get("figure");
  const name = `gridrush-${model.get("name")}.${format}`;
  if (format === "csv") {
    const file = new Blob([table(figure)], { type: "text/csv" });
    const href = URL.createObjectURL(file);
    download(name, href);
    setTimeout(() => URL.revokeObjectURL(href), 1000);
  } else {
    download(name, await image(Plotly, place, format));
  }
}

function toolbar(Plotly, el, place, model) {
  const bar = document.createElement("div");
  bar.className = "gridrush-export";
  for (const format of ["png", "svg", "csv"]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = format.toUpperCase();
    button.title = format === "csv" ? "the data of this chart" : `this chart as ${format.toUpperCase()}`;
    button.setAttribute("aria-label", `${model.get("name")} as ${format}`);
    button.addEventListener("click", () => exported(Plotly, place, model, format));
    bar.appendChild(button);
  }
  el.appendChild(bar);
}

// A large screen is looked at from afar: letters grow with it.
function readable(part, scale) {
  if (Array.isArray(part)) return part.map((each) => readable(each, scale));
  if (part === null || typeof part !== "object") return part;
  const result = {};
  for (const [key, value] of Object.entries(part)) {
    const letters = key.toLowerCase().endsWith("font") && typeof value?.size === "number";
    result[key] = letters ? { ...value, size: value.size * scale } : readable(value, scale);
  }
  return result;
}

function larger(size, scale) {
  return Array.isArray(size) ? size.map((each) => each * scale) : size * scale;
}

// How much smaller a chart is than the room it was laid out for, if it says for what: a map has no use for
// marks and letters of full size on half the room.
function shrink(figure, width, height) {
  const [wide, high] = figure.layout.meta?.room ?? [width, height];
  return Math.min(1, width / wide, height / high);
}

function laidOut(figure, place) {
  const { width, height } = place.getBoundingClientRect();
  const small = shrink(figure, width, height);
  const scale = window.innerWidth >= 1600 ? 1.2 : 1;
  const layout = { ...readable(structuredClone(figure.layout), scale), width, height };
  for (const side of ["l", "r", "t", "b"]) layout.margin[side] *= scale;
  const data = figure.data.map((trace) => ({
    ...structuredClone(trace),
    ...(trace.textfont ? { textfont: { ...trace.textfont, size: (trace.textfont.size ?? 12) * scale } } : {}),
    ...(trace.marker?.size ? { marker: { ...trace.marker, size: larger(trace.marker.size, scale * small) } } : {}),
    ...(trace.name === "names" && small < 0.8 ? { visible: false } : {}),
  }));
  return { data, layout };
}

async function render({ model, el }) {
  el.classList.add("gridrush-chart");
  const place = document.createElement("div");
  place.className = "gridrush-plot";
  place.dataset.chart = model.get("name");
  el.appendChild(place);
  const waiting = document.createElement("div");
  waiting.className = "gridrush-waiting";
  waiting.textContent = "drawing ...";
  place.appendChild(waiting);
  const { default: Plotly } = await import(source);
  let clicks = 0;
  let legend = 0;
  let busy = null;
  let again = false;

  async function once() {
    const figure = model.get("figure");
    if (!figure.data || !el.isConnected) return;
    waiting.remove();
    // Plotly writes into what it is given, so it is given a copy.
    const { data, layout } = laidOut(figure, place);
    const bottom = layout.margin.b;
    layout.margin.b = bottom + legend;
    await Plotly.react(place, data, layout, options);
    // The legend stands below the axis, and how many lines it takes is known once it has been drawn.
    const below = layout.showlegend !== false && layout.legend?.yref === "container";
    const tall = below ? Math.ceil(place._fullLayout.legend?._height ?? 0) : 0;
    if (tall !== legend) {
      legend = tall;
      await Plotly.relayout(place, { "margin.b": bottom + legend });
    }
    place.dataset.version = String(figure.version ?? "");
    model.set("drawn", figure.version ?? 0);
    model.save_changes();
  }

  // Changes that come while a chart is being drawn are drawn together afterwards.
  async function draw() {
    again = true;
    if (busy) return;
    busy = true;
    place.dataset.drawing = "yes";
    try {
      while (again) {
        again = false;
        await once();
      }
    } finally {
      busy = null;
      delete place.dataset.drawing;
    }
  }

  await draw();
  toolbar(Plotly, el, place, model);
  place.on?.("plotly_click", (event) => {
    const point = event.points.find((each) => each.customdata !== undefined && each.customdata !== null);
    if (!point) return;
    clicks += 1;
    model.set("clicked", { number: clicks, what: String(point.customdata) });
    model.save_changes();
  });
  model.on("change:figure", draw);
  const watcher = new ResizeObserver(() => draw());
  watcher.observe(place);
  return () => {
    watcher.disconnect();
    model.off("change:figure", draw);
    Plotly.purge(place);
  };
}

export default { render };
