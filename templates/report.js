"use strict";
(() => {
  const form = document.getElementById("filters");
  const findings = [...document.querySelectorAll(".finding")];
  const tiles = [...document.querySelectorAll("[data-tile]")];
  const output = document.getElementById("shown");
  const names = ["q", "severity", "family", "status", "fixable"];

  const state = () => Object.fromEntries([...new FormData(form)].filter(([, value]) => value));

  const fits = (data, wanted, words) =>
    (!wanted.severity || data.severity === wanted.severity) &&
    (!wanted.family || data.family === wanted.family) &&
    (!wanted.status || data.status === wanted.status) &&
    (!wanted.fixable || data.fixable === "1") &&
    words.every((word) => data.search.includes(word));

  const apply = () => {
    const wanted = state();
    const words = (wanted.q || "").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const finding of findings) {
      const fit = fits(finding.dataset, wanted, words);
      finding.hidden = !fit;
      shown += fit;
    }
    for (const group of document.querySelectorAll(".object, .file")) {
      group.hidden = !group.querySelector(".finding:not([hidden])");
    }
    for (const tile of tiles) {
      tile.setAttribute("aria-pressed", String(tile.dataset.tile === wanted.severity));
    }
    output.textContent = `${shown.toLocaleString("en")} of ${findings.length.toLocaleString("en")}`;
    document.getElementById("nothing").hidden = shown > 0;
    return wanted;
  };

  const remember = () => {
    const hash = new URLSearchParams(apply()).toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  };

  const recall = () => {
    const hash = location.hash.slice(1);
    if (hash.includes("=")) {
      const wanted = new URLSearchParams(hash);
      for (const name of names) {
        const field = form.elements[name];
        if (name === "fixable") field.checked = wanted.get(name) === "1";
        else field.value = wanted.get(name) || "";
        if (field.value === "" && name !== "q" && name !== "fixable") field.selectedIndex = 0;
      }
      apply();
      return;
    }
    const target = hash && document.getElementById(hash);
    if (target && target.tagName === "DETAILS") {
      target.open = true;
      target.scrollIntoView();
    }
  };

  const explain = (fold) => {
    const page = document.querySelector(`#rule-${CSS.escape(fold.dataset.rule)} .prose`);
    if (fold.open && page && !fold.querySelector(".prose")) {
      fold.querySelector("p").remove();
      fold.append(page.cloneNode(true));
    }
  };

  const copy = async (button) => {
    const patch = button.closest(".patch").querySelector(".diff");
    let done = true;
    try {
      await navigator.clipboard.writeText(patch.textContent);
    } catch {
      getSelection().selectAllChildren(patch);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.copy");
    if (button) copy(button);
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.matches(".why")) explain(event.target);
  }, true);
  addEventListener("beforeprint", () => {
    for (const finding of findings) finding.open = true;
  });

  if (form) {
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", remember);
    for (const tile of tiles) {
      tile.addEventListener("click", () => {
        const field = form.elements.severity;
        field.value = field.value === tile.dataset.tile ? "" : tile.dataset.tile;
        remember();
      });
    }
    document.getElementById("clear").addEventListener("click", () => { form.reset(); remember(); });
    const toggle = document.getElementById("toggle");
    toggle.addEventListener("click", () => {
      const open = toggle.getAttribute("aria-pressed") !== "true";
      for (const finding of findings) finding.open = open && !finding.hidden;
      toggle.setAttribute("aria-pressed", String(open));
      toggle.textContent = open ? "Close all" : "Open all";
    });
    addEventListener("hashchange", recall);
    recall();
  }
  document.documentElement.dataset.ready = "true";
})();
