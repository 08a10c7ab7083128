"use strict";
/* The frame around every page: navigation, whose history it is, and what is drawn when the address changes. */
(() => {
  const { h, api } = tonearm;
  const main = document.getElementById("main");

  const navigation = (current) => {
    const shown = Object.entries(tonearm.pages).filter(([, page]) => page.nav).sort(([, one], [, other]) => one.nav - other.nav);
    document.getElementById("pages").replaceChildren(...shown.map(([name, page]) =>
      h("a", { href: name === "home" ? "#/" : tonearm.to(name), "aria-current": name === current ? "page" : null }, page.title)));
  };

  const whose = (names) => {
    const choose = (event) => {
      tonearm.listener = event.target.value;
      tonearm.chosen.set(tonearm.listener);
      location.hash = "#/";
      draw();
    };
    const place = document.getElementById("whose");
    place.replaceChildren(names.length > 1
      ? h("label", {}, h("span.unseen", {}, "Whose history"), h("select", { onchange: choose }, names.map((name) => h("option", { value: name, selected: name === tonearm.listener }, name))))
      : h("span", {}, tonearm.listener));
  };

  /** The page for a failure: what happened and what to do. */
  const failed = (error) => {
    if (error.status === 401) return askForToken(tonearm.token.get() && error.message);
    const again = h("button", { type: "button", onclick: draw }, "Try again");
    return [h("h1", {}, error.status === 404 ? "Not here" : "This did not work"), h("p", {}, error.message), again];
  };

  const askForToken = (wrong) => {
    const input = h("input", { type: "password", name: "token", autocomplete: "off", required: true, "aria-label": "Token" });
    const keep = (event) => {
      event.preventDefault();
      tonearm.token.set(input.value.trim());
      begin();
    };
    return [
      h("h1", {}, "A token, please"),
      h("p", {}, "This server asks who is there. Whoever runs it makes a token with: ", h("code", {}, "tonearm tokens create --listener NAME --scope read")),
      wrong && h("p", { role: "alert" }, `The one you gave does not open it: ${wrong}.`),
      h("form.token", { onsubmit: keep }, input, h("button", {}, "Open")),
    ];
  };

  let drawing = new AbortController();
  const draw = async () => {
    drawing.abort();
    drawing = new AbortController();
    const mine = drawing.signal;
    const at = { ...tonearm.here(), signal: mine };
    // Without a history there is nothing to ask of most pages.
    const page = tonearm.listener || at.page === "library" ? tonearm.pages[at.page] : tonearm.pages.home;
    navigation(at.page);
    main.setAttribute("aria-busy", "true");
    try {
      if (!page) throw new tonearm.Problem(404, "", "There is no such page. The links above lead to those there are.");
      const parts = await page.draw(at);
      if (mine.aborted) return;
      main.replaceChildren(...[parts].flat(Infinity).filter(Boolean));
      const heading = main.querySelector("h1")?.textContent ?? page.title;
      document.title = at.page === "home" ? "tonearm" : `${heading} – tonearm`;
      document.getElementById("live").textContent = heading;
    } catch (error) {
      if (mine.aborted || error.name === "AbortError") return;
      if (!(error instanceof tonearm.Problem)) console.error(error);
      main.replaceChildren(...failed(error));
    } finally {
      if (!mine.aborted) main.removeAttribute("aria-busy");
    }
  };
  tonearm.redraw = draw;

  let before = "";
  addEventListener("hashchange", () => {
    const { page, parts } = tonearm.here();
    const place = [page, ...parts].join("/");
    if (place !== before) scrollTo(0, 0);
    before = place;
    draw();
  });

  const those = (names) => {
    tonearm.listeners = names;
    const chosen = tonearm.chosen.get();
    tonearm.listener = names.includes(chosen) ? chosen : names[0] ?? "";
    whose(names);
  };

  const listeners = async () => {
    if (tonearm.exported) return [tonearm.exported.listener];
    return (await api("listeners")).map((one) => one.name);
  };

  /** Draw for the listeners of the last visit at once, and again if there are others now. */
  const begin = async () => {
    const asked = listeners();
    const known = tonearm.exported ? null : tonearm.known.get();
    if (known) {
      those(JSON.parse(known));
      draw();
    }
    try {
      const names = await asked;
      if (JSON.stringify(names) === known) return;
      if (!tonearm.exported) tonearm.known.set(JSON.stringify(names));
      those(names);
    } catch (error) {
      drawing.abort();
      navigation("");
      main.replaceChildren(...failed(error));
      main.removeAttribute("aria-busy");
      return;
    }
    await draw();
  };
  begin();
})();
