"use strict";
/* The frame around every page: navigation, whose history it is, and what is drawn when the address changes. */
(() => {
  const { h, api } = tonearm;
  const main = document.getElementById("main");

  const navigation = (current) => {
    const shown = Object.entries(tonearm.pages).filter(([, page]) => page.nav).sort(([, one], [, other]) => one.nav - other.nav);
    const place = document.getElementById("pages");
    place.replaceChildren(...shown.map(([name, page]) =>
      h("a", { href: name === "home" ? "#/" : tonearm.to(name), "aria-current": name === current ? "page" : null }, page.title)));
    // On a phone the names are in one row that scrolls sideways.
    const here = place.querySelector("[aria-current]");
    if (here) place.scrollLeft = here.offsetLeft - place.offsetLeft - (place.clientWidth - here.offsetWidth) / 2;
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
      : h("span", {}, tonearm.exported ? tonearm.exported.title : tonearm.listener));
  };

  /** The page for a failure: what happened and what to do. */
  const failed = (error) => {
    if (error.status === 401) return askForToken(tonearm.token.get() && error.message);
    const again = h("button", { type: "button", onclick: () => draw() }, "Try again");
    return [h("h1", {}, error.status === 404 ? "Not here" : "This did not work"), h("p", { role: "alert" }, error.message), again];
  };

  const askForToken = (wrong) => {
    const input = h("input", { type: "password", name: "token", autocomplete: "off", required: true, "aria-label": "Token" });
    const keep = (event) => {
      event.preventDefault();
      tonearm.token.set(input.value.trim());
      begin();
    };
    return [
      h("h1", {}, "This server needs a token"),
      h("p", {}, "Whoever runs it can make one for you with: ", h("code", {}, "tonearm tokens create --listener NAME --scope read")),
      wrong && h("p", { role: "alert" }, `The one you entered does not work: ${wrong}.`),
      h("form.token", { onsubmit: keep }, input, h("button", {}, "Open")),
    ].filter(Boolean);
  };

  /** What a screen reader hears of a page that was drawn: its heading, or what the page has for that. */
  const announce = (heading) => {
    document.title = tonearm.here().page === "home" ? tonearm.exported?.title || "tonearm" : `${heading} – tonearm`;
    document.getElementById("live").textContent = main.querySelector("[data-live]")?.textContent ?? heading;
  };

  /** Where something is on the page, so that what takes its place can be found: a link by its address, all else by
      its number among those of its kind. */
  const spotOf = (one) => {
    if (!main.contains(one) || one === main) return null;
    const all = [...main.querySelectorAll(one.tagName)];
    return { tag: one.tagName, href: one.getAttribute("href"), at: all.indexOf(one), of: all.length };
  };
  const placeOf = ({ tag, href, at, of }) => {
    const all = [...main.querySelectorAll(tag)];
    return href ? all.find((one) => one.getAttribute("href") === href) : all.length === of ? all[at] : null;
  };

  /** The keyboard goes on where the reader is: at the top of another page, or at the link or button that was followed
      on this one, if it is still there. Whoever types into the search goes on typing. */
  const moveFocus = (isElsewhere, left, spot) => {
    if (left?.closest?.("#whose") || (left?.closest?.("#search") && tonearm.here().page === "search")) return;
    if (!isElsewhere && (!left || left === document.body || left.isConnected)) return;
    const again = isElsewhere || !spot ? null : placeOf(spot);
    (again ?? main).focus({ preventScroll: true });
  };

  let drawing = new AbortController();
  const draw = async (isElsewhere = false) => {
    drawing.abort();
    drawing = new AbortController();
    const mine = drawing.signal;
    const at = { ...tonearm.here(), signal: mine };
    // Without a history there is nothing to ask of most pages.
    const page = tonearm.listener || at.page === "library" ? tonearm.pages[at.page] : tonearm.pages.home;
    navigation(at.page);
    main.setAttribute("aria-busy", "true");
    const left = document.activeElement, spot = spotOf(left);
    try {
      if (!page) throw new tonearm.Problem(404, "", "There is no such page. The links above lead to those there are.");
      const parts = await page.draw(at);
      if (mine.aborted) return;
      main.replaceChildren(...[parts].flat(Infinity).filter(Boolean));
      announce(main.querySelector("h1")?.textContent ?? page.title);
      moveFocus(isElsewhere, left, spot);
    } catch (error) {
      if (mine.aborted || error.name === "AbortError") return;
      if (!(error instanceof tonearm.Problem)) console.error(error);
      main.replaceChildren(...failed(error));
      announce(main.querySelector("h1").textContent);
      moveFocus(isElsewhere, left, spot);
    } finally {
      if (!mine.aborted) main.removeAttribute("aria-busy");
    }
  };
  tonearm.redraw = () => draw();

  /* Whoever goes back finds the page where they left it: how far each entry of the browser's history was scrolled. */
  history.scrollRestoration = "manual";
  const scrolled = new Map();
  let entry = 0;
  const enter = () => {
    entry = history.state?.entry ?? Math.max(entry, ...scrolled.keys()) + 1;
    history.replaceState({ entry }, "");
  };
  const SETTLED_MS = 1500;
  /** Scroll to where this entry was; as its charts are drawn, too, unless the reader scrolls first. */
  const goBackTo = (y) => {
    scrollTo({ top: y, behavior: "instant" });
    if (!y) return;
    const growing = new ResizeObserver(() => scrollTo({ top: y, behavior: "instant" }));
    const stop = () => growing.disconnect();
    growing.observe(main);
    setTimeout(stop, SETTLED_MS);
    for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) addEventListener(kind, stop, { once: true });
  };
  enter();

  // The fragment of the address says which page is shown, so the link to the page itself only moves the focus.
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    main.focus();
  });

  const placeNow = () => [tonearm.here().page, ...tonearm.here().parts].join("/");
  let before = placeNow();
  addEventListener("hashchange", async () => {
    const isElsewhere = placeNow() !== before;
    before = placeNow();
    scrolled.set(entry, scrollY);
    enter();
    const mine = entry;
    await draw(isElsewhere);
    if (isElsewhere && mine === entry) goBackTo(scrolled.get(entry) ?? 0);
  });

  const those = (names) => {
    tonearm.listeners = names;
    const chosen = tonearm.chosen.get();
    tonearm.listener = names.includes(chosen) ? chosen : names[0] ?? "";
    whose(names);
  };

  const listeners = async () => {
    if (tonearm.exported) return [tonearm.exported.title || "listener"];
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
