"use strict";
/* Services that plays are fetched from, and those that they are forwarded to. */
(() => {
  const { h, api, count, counted, section, card, quiet, question } = tonearm;
  const {
    SERVICES, action, careful, command, doing, facts, field, newsPlace, people, quoted, relative, segment, send, state, tell, when,
    withNews,
  } = tonearm.library;

  async function connections({ signal }) {
    const found = await api("connections", { signal });
    return [
      h("p.soft", {}, "New plays are fetched from a connected service at intervals. What was fetched stays, even if the service goes away."),
      found.length > 0 && h("div.cards", {}, found.map(connection)),
      section("Connect a service", h("p.soft", {}, "On the machine that tonearm runs on, since the service sends its answer there:"),
        Object.keys(SERVICES).map((kind) => command(`tonearm connect ${kind}${tonearm.listener ? ` --listener ${quoted(tonearm.listener)}` : ""}`))),
    ];
  }

  const connection = (one) => {
    const base = `listeners/${segment(one.listener)}/connections/${segment(one.service)}`;
    const waits = one.retry_at && new Date(one.retry_at) > Date.now();
    const sync = action("Fetch now", "Asking for what is new. A long history takes minutes the first time.", () => send("POST", `${base}/sync`), {
      after: (pulled, place) => (pulled.problem ? tell(place, "bad", pulled.problem) : tell(place, "good", pulled.was_asked ? `${counted(pulled.listens, "new play")}. The next run takes them to your tables.` : "The service asked to wait before the next request.")),
    });
    return card(`${SERVICES[one.service] ?? one.service} of ${one.listener}`,
      h("div.big", {}, one.account),
      facts([["Last fetched", one.pulled_at ? when(one.pulled_at) : "never"], ["Connected", when(one.connected_at)], waits && ["Again", relative(one.retry_at)]]),
      one.problem && h("p.wrong", {}, one.problem),
      one.hole && h("p.notice", {}, one.hole),
      withNews(sync),
      careful("Disconnect", "Remove this connection and its credentials? Your plays stay.", "Disconnect", "Disconnecting.", () => send("DELETE", base)));
  };

  async function relays({ signal }) {
    const [found, names] = await Promise.all([api("relays", { signal }), people(signal)]);
    return [
      h("p.soft", {}, "What your players send here can be forwarded to Last.fm, ListenBrainz or another tonearm, in order; after an outage it catches up."),
      found.length > 0 && h("div.cards", {}, found.map(relay)),
      names.length > 0 ? newRelay(names) : quiet("There are no listeners yet: import a history first."),
    ];
  }

  const RELAY = { working: ["good", "working"], retrying: ["bad", "trying again"], paused: ["off", "paused"] };
  const relay = (one) => {
    const base = `relays/${one.number}`;
    const act = (label, path) => withNews(action(label, `${label}…`, () => send("POST", `${base}/${path}`)));
    return card(`${one.listener} → ${SERVICES[one.to] ?? one.to}`,
      h("div.big", {}, one.account), h("p", {}, state(...RELAY[one.state])),
      facts([["Sent", count(one.sent)], ["Waiting", count(one.waiting)], ["Refused", count(one.refused)], ["Address", one.url], one.retry_at && ["Next attempt", relative(one.retry_at)]]),
      one.problem && h("p.wrong", {}, one.problem),
      one.refused > 0 && refusals(one),
      h("div.row", {}, one.state === "paused" ? act("Resume", "resume") : act("Pause", "pause"), (one.waiting > 0 || one.refused > 0) && act("Send again now", "retry")),
      careful("Remove", `Stop forwarding, and drop ${counted(one.waiting, "play")} not sent yet? Your own history stays.`, "Remove", "Removing.", () => send("DELETE", base)));
  };

  const refusals = (one) => {
    const list = h("ul.line", {}, h("li", {}, "…"));
    const shown = question("What it refused", list);
    shown.addEventListener("toggle", async () => {
      if (!shown.open) return;
      try {
        const rows = await api(`relays/${one.number}/refused`);
        list.replaceChildren(...rows.map((row) => h("li", {}, h("span", {}, [row.artist_name ?? row.artist, row.track_name ?? row.track].filter(Boolean).join(" – ")), h("span.soft", {}, row.reason ?? ""))));
      } catch (error) {
        list.replaceChildren(h("li", {}, error.message));
      }
    });
    return shown;
  };

  const newRelay = (names) => {
    const who = h("select", {}, names.map((name) => h("option", { value: name, selected: name === tonearm.listener }, name)));
    const to = h("select", {}, Object.entries({ listenbrainz: "ListenBrainz or another tonearm", lastfm: "Last.fm" }).map(([value, text]) => h("option", { value }, text)));
    const url = h("input", { type: "url", placeholder: "only if it is not the public service", maxlength: 512 });
    const secret = h("input", { type: "password", required: true, autocomplete: "off", maxlength: 4096 });
    const place = newsPlace();
    return section("Forward to another service", h("form.choosing", { onsubmit: async (event) => {
      event.preventDefault();
      try {
        await doing(place, "Checking the token with the other service.", () => send("POST", "relays", { listener: who.value, to: to.value, token: secret.value.trim(), ...(url.value.trim() && { url: url.value.trim() }) }));
        tonearm.redraw();
      } catch (error) {
        tell(place, "bad", error.message);
      }
    } },
    h("div.row", {}, field("Whose plays", who), field("To", to), field("Address", url), field("Token there", secret, "For Last.fm: API key, shared secret and session key, with spaces.")),
    h("button.main", {}, "Start forwarding")), place);
  };

  Object.assign(tonearm.library, { connections, relays });
})();
