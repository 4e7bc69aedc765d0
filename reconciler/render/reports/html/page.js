"use strict";
// Search, filter and the drawing's interaction. Everything is on the page before this runs, and can be read if it never does.
(() => {
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const words = (element, name) => new Set((element.dataset[name] || "").split(" ").filter(Boolean));
  const meets = (set, wanted) => wanted.some((word) => set.has(word));
  const tools = one(".tools");

  // --- what can be filtered -----------------------------------------------------------------------------------------
  const entries = all(".finding, .change").map((element) => ({
    element,
    change: element.matches(".change"),
    levels: words(element, "level"),
    environments: words(element, "env"),
    action: element.dataset.action,
    node: element.dataset.node,
    text: null,
  }));
  const textOf = (entry) => (entry.text ??= entry.element.textContent.toLowerCase());
  const field = (name) => one(`#${name}`);
  const chosen = (name) => (field(name) ? field(name).value : "");
  let picked = null; // a node of a drawing

  const wish = () => ({
    query: tools ? field("search").value.trim().toLowerCase() : "",
    levels: chosen("level").split(" ").filter(Boolean),
    action: chosen("action"),
    environment: chosen("environment"),
  });
  const fits = (entry, wanted, beside) =>
    (!wanted.levels.length || meets(entry.levels, wanted.levels)) &&
    (!wanted.action || (entry.change ? entry.action === wanted.action : false)) &&
    (!wanted.environment || !entry.environments.size || entry.environments.has(wanted.environment)) &&
    (!beside || beside.has(entry.node)) &&
    (!wanted.query || textOf(entry).includes(wanted.query));

  function apply() {
    const wanted = wish();
    const beside = picked && new Set([picked, ...picked.links.map((link) => other(link, picked))].map((node) => node.name));
    const lit = new Set();
    const shown = { true: 0, false: 0 };
    for (const entry of entries) {
      const fit = fits(entry, wanted, beside);
      entry.element.hidden = !fit;
      shown[entry.change] += fit;
      if (fit && entry.change) lit.add(entry.node);
    }
    for (const group of all(".group")) group.hidden = !one(".change:not([hidden])", group);
    const narrowed = picked || Object.values(wanted).some((wish) => wish.length);
    for (const rest of all(".rest")) {
      rest.hidden = !one(".finding:not([hidden])", rest);
      if (narrowed) rest.open = true;
    }
    for (const list of all("[data-list]")) one(".none", list).hidden = !!one(".finding:not([hidden]), .change:not([hidden])", list);
    for (const row of all(".table tbody tr")) row.hidden = !fitsRow(row, wanted);
    for (const drawing of drawings) drawing.filter(wanted, lit);
    tell(shown);
  }
  function fitsRow(row, wanted) {
    const environments = words(row, "env");
    return (!wanted.environment || environments.has(wanted.environment)) &&
      (!wanted.query || row.textContent.toLowerCase().includes(wanted.query));
  }
  function tell(shown) {
    if (!tools) return;
    const count = (number, total, name) =>
      number === total ? `${total.toLocaleString("en")} ${name}` : `${number.toLocaleString("en")} of ${total.toLocaleString("en")} ${name}`;
    const totals = [true, false].map((change) => entries.filter((entry) => entry.change === change).length);
    const said = `${count(shown.true, totals[0], "changes")} and ${count(shown.false, totals[1], "findings")} shown`;
    if (one(".shown").textContent !== said) one(".shown").textContent = said;
  }

  // --- the drawing --------------------------------------------------------------------------------------------------
  const PITCH = 42;
  const other = (link, node) => (link.a === node ? link.b : link.a);

  function draw(svg) {
    const report = svg.dataset.report;
    const nodes = [];
    for (const element of all(".node", svg)) {
      const [x, y] = element.getAttribute("transform").match(/[-\d.]+/g).map(Number);
      nodes[element.dataset.index] = {
        element, x, y, at: y, links: [], svg,
        name: report + element.dataset.index,
        column: Number(element.dataset.column),
        width: Number(one(".box", element).getAttribute("width")),
        environments: words(element, "env"),
        text: element.textContent.toLowerCase(),
      };
    }
    const links = all(".line", svg).map((element) => {
      const path = one("path", element);
      const [, y1, , , , , , y2] = path.getAttribute("d").match(/[-\d.]+/g).map(Number);
      const [a, b] = [nodes[element.dataset.a], nodes[element.dataset.b]];
      const [left, right] = a.column < b.column ? [a, b] : [b, a];
      const link = {
        element, path, a, b, left, right,
        from: y1 - left.y, to: y2 - right.y,
        environments: words(element, "env"),
        text: element.textContent.toLowerCase(),
      };
      a.links.push(link);
      b.links.push(link);
      return link;
    });
    const ordered = [...nodes].sort((a, b) => a.column - b.column || a.y - b.y);
    const size = { width: Number(svg.getAttribute("width")), height: Number(svg.getAttribute("height")) };

    const off = (thing, hidden) => thing.element.classList.toggle("off", hidden);
    function place(shown) {
      // Where something is left out, each column closes up and stands in the middle.
      const whole = shown.size === nodes.length;
      const columns = [0, 1, 2].map((column) => ordered.filter((node) => node.column === column && shown.has(node)));
      const tallest = Math.max(1, ...columns.map((column) => column.length)) * PITCH;
      columns.forEach((column) => column.forEach((node, index) => {
        node.at = whole ? node.y : (tallest - column.length * PITCH) / 2 + index * PITCH + 1;
        node.element.setAttribute("transform", `translate(${node.x} ${node.at})`);
      }));
      for (const link of links) {
        const [x1, x2] = [link.left.x + link.left.width, link.right.x];
        const [y1, y2] = [link.left.at + link.from, link.right.at + link.to];
        const middle = (x1 + x2) / 2;
        link.path.setAttribute("d", `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`);
        for (const knot of all("circle, text", link.element)) {
          knot.setAttribute(knot.tagName === "circle" ? "cy" : "y", (y1 + y2) / 2);
        }
      }
      const height = whole ? size.height : tallest + 32;
      svg.setAttribute("height", height);
      svg.setAttribute("viewBox", `0 0 ${size.width} ${height}`);
    }
    function filter(wanted, lit) {
      const narrowed = wanted.levels.length || wanted.action;
      const here = (thing) => !wanted.environment || thing.environments.has(wanted.environment);
      const named = (thing) => !wanted.query || thing.text.includes(wanted.query);
      const near = (node) => !picked || picked.svg !== svg || node === picked || picked.links.some((link) => other(link, picked) === node);
      const shown = new Set();
      const found = (node) => here(node) && near(node) && (narrowed || wanted.query ? lit.has(node.name) || (!narrowed && named(node)) : true);
      for (const node of nodes) if (found(node)) shown.add(node);
      const starts = new Set(shown);
      for (const link of links) {
        const hit = here(link) && (starts.has(link.a) || starts.has(link.b) || (!narrowed && wanted.query && named(link)));
        const fit = hit && (!picked || picked.svg !== svg || link.a === picked || link.b === picked);
        off(link, !fit);
        if (fit) shown.add(link.a).add(link.b);
      }
      for (const node of nodes) off(node, !shown.has(node));
      place(shown);
      rove(ordered.find((node) => shown.has(node) && node.element.tabIndex === 0) || ordered.find((node) => shown.has(node)));
    }

    function light(node) {
      svg.classList.toggle("lit", !!node);
      for (const thing of [...nodes, ...links]) thing.element.classList.remove("hot");
      if (!node) return;
      node.element.classList.add("hot");
      for (const link of node.links) {
        link.element.classList.add("hot");
        other(link, node).element.classList.add("hot");
      }
    }
    function rove(node) {
      for (const each of nodes) each.element.setAttribute("tabindex", each === node ? "0" : "-1");
    }
    function go(node) {
      if (!node) return;
      rove(node);
      node.element.focus();
    }
    function pick(node) {
      picked = picked === node ? null : node;
      for (const each of all(".node")) each.setAttribute("aria-pressed", String(!!picked && each === picked.element));
      for (const section of all(".reach")) {
        const bar = one(".picked", section);
        bar.hidden = !picked || !section.contains(picked.element);
        one("span", bar).textContent = picked ? `Shown: ${one("title", picked.element).textContent}, and what it is linked with.` : "";
      }
      apply();
    }
    const shownIn = (column) => ordered.filter((node) => node.column === column && !node.element.classList.contains("off"));
    const keys = {
      ArrowDown: (node) => shownIn(node.column)[shownIn(node.column).indexOf(node) + 1],
      ArrowUp: (node) => shownIn(node.column)[shownIn(node.column).indexOf(node) - 1],
      ArrowLeft: (node) => nearest(node, -1),
      ArrowRight: (node) => nearest(node, 1),
      Home: (node) => shownIn(node.column)[0],
      End: (node) => shownIn(node.column).at(-1),
    };
    function nearest(node, step) {
      const linked = node.links.map((link) => other(link, node)).filter((each) => Math.sign(each.column - node.column) === step && !each.element.classList.contains("off"));
      return linked.sort((a, b) => Math.abs(a.at - node.at) - Math.abs(b.at - node.at))[0];
    }
    for (const node of nodes) {
      const { element } = node;
      element.setAttribute("role", "button");
      element.setAttribute("aria-pressed", "false");
      element.addEventListener("pointerenter", () => light(node));
      element.addEventListener("pointerleave", () => light(nodes.find((each) => each.element === document.activeElement)));
      element.addEventListener("focus", () => light(node));
      element.addEventListener("blur", () => light(null));
      element.addEventListener("click", () => pick(node));
      element.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") pick(node);
        else if (keys[event.key]) go(keys[event.key](node));
        else return;
        event.preventDefault();
      });
    }
    rove(ordered[0]);
    return { filter, pick };
  }
  const drawings = all(".drawing").map(draw);
  for (const button of all(".release")) {
    button.addEventListener("click", () => {
      const node = picked;
      if (!node) return;
      drawings[0].pick(node);
      node.element.focus();
    });
  }

  // --- controls -----------------------------------------------------------------------------------------------------
  function clear() {
    for (const control of all(".tools input, .tools select")) control.value = "";
    if (picked) drawings[0].pick(picked);
    apply();
  }
  const fold = (open) => {
    for (const entry of entries) if (entry.change && !entry.element.hidden) entry.element.open = open;
  };
  if (tools) {
    tools.hidden = false;
    one(".keys").hidden = false;
    field("search").addEventListener("input", apply);
    for (const select of all(".tools select")) select.addEventListener("change", apply);
    field("expand").addEventListener("click", () => fold(true));
    field("collapse").addEventListener("click", () => fold(false));
    field("clear").addEventListener("click", () => { clear(); field("search").focus(); });
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const typing = event.target.closest("input, select, textarea");
      if (event.key === "/" && !typing) {
        event.preventDefault();
        field("search").focus();
        field("search").select();
      } else if (event.key === "Escape" && !event.target.closest("select")) clear();
    });
    apply();
  }

  // --- places on the page -------------------------------------------------------------------------------------------
  function reveal() {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (!target) return;
    if (target.closest("[hidden]")) clear();
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    const change = target.closest(".change");
    (change || target).scrollIntoView();
    if (change) one("summary", change).focus({ preventScroll: true });
  }
  addEventListener("hashchange", reveal);
  reveal();
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const each of folded) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of folded) each.open = false;
  });
})();
