// The chat on a customer's page: <script src="…/chat/widget.js" data-tenant="…" defer></script>.
// It keeps what was not sent yet in the browser's storage and sends it again under the same id until it is taken.
(() => {
  "use strict";
  const script = document.currentScript;
  const tenant = script && script.dataset.tenant;
  if (!tenant) {
    console.error("chat: the script tag needs data-tenant");
    return;
  }
  const base = `${new URL(script.src).origin}/chat/${encodeURIComponent(tenant)}`;
  const title = script.dataset.title || "Chat with us";
  const MAX_MESSAGE_CHARS = 4000;
  const MAX_PENDING = 50;
  const FIRST_WAIT_MS = 1000;
  const LAST_WAIT_MS = 30000;
  // A stream that says nothing for longer has been lost: the server speaks every 15 seconds.
  const SILENCE_MS = 40000;

  // --- What is remembered between pages -------------------------------------------------------------------------------
  const place = `rapport-chat:${base}`;
  const load = () => {
    try {
      return JSON.parse(localStorage.getItem(place)) || {};
    } catch {
      return {};
    }
  };
  const saved = load();
  const state = { session: saved.session || null, pending: saved.pending || [], name: saved.name || "", email: saved.email || "" };
  // What other tabs keep is kept too; the same message from two tabs is the same to the server.
  const taken = new Set();
  const join = () => {
    const stored = load();
    state.session = state.session || stored.session || null;
    const mine = new Set(state.pending.map((pending) => pending.id));
    const theirs = (stored.pending || []).filter((pending) => !mine.has(pending.id));
    state.pending = [...state.pending, ...theirs].filter((pending) => !taken.has(pending.id));
  };
  const write = () => {
    try {
      localStorage.setItem(place, JSON.stringify(state));
    } catch {
      // Without storage the chat lives as long as the page.
    }
  };
  const save = () => {
    join();
    write();
  };
  const messages = new Map();
  let lastEventId = null;
  let hasOlder = false;
  let sending = false;
  let unread = 0;

  const uuid = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  };
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const call = (path, options = {}) => {
    const headers = { ...options.headers };
    if (state.session) headers.authorization = `Bearer ${state.session}`;
    if (options.body) headers["content-type"] = "application/json";
    return fetch(`${base}/${path}`, { ...options, headers, credentials: "omit", cache: "no-store" });
  };
  const forget = () => {
    state.session = null;
    lastEventId = null;
    write();
  };

  // --- What is shown --------------------------------------------------------------------------------------------------
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const host = make("div");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host{all:initial;color-scheme:light dark;--back:light-dark(#fff,#1d1f23);--ink:light-dark(#16181c,#eceef1);
      --line:light-dark(#c9ced6,#4a4f58);--soft:light-dark(#eef1f5,#2b2f36);--own:#1f5fbf}
    *{box-sizing:border-box;font:15px/1.45 system-ui,sans-serif}
    [hidden]{display:none!important}
    button{cursor:pointer;border:0;border-radius:.5rem;background:var(--own);color:#fff;padding:.5rem .9rem}
    button:disabled{opacity:.5;cursor:default}
    button.plain{background:none;color:inherit;padding:.2rem .5rem;text-decoration:underline}
    :focus-visible{outline:3px solid #f5a623;outline-offset:2px}
    .open{position:fixed;right:1rem;bottom:1rem;border-radius:2rem;padding:.8rem 1.2rem;z-index:2147483000;
      box-shadow:0 2px 10px #0005}
    .panel{position:fixed;right:1rem;bottom:1rem;width:min(23rem,calc(100vw - 2rem));height:min(34rem,calc(100vh - 2rem));
      display:flex;flex-direction:column;background:var(--back);color:var(--ink);border:1px solid var(--line);
      border-radius:.8rem;box-shadow:0 6px 30px #0006;z-index:2147483000;overflow:hidden}
    header{display:flex;align-items:center;gap:.5rem;padding:.6rem .8rem;border-bottom:1px solid var(--line)}
    h2{flex:1;margin:0;font-weight:600}
    .state{margin:0;font-size:.8rem;opacity:.8}
    .log{flex:1;overflow-y:auto;padding:.8rem;display:flex;flex-direction:column;gap:.5rem}
    .line{max-width:85%;padding:.45rem .7rem;border-radius:.8rem;background:var(--soft);white-space:pre-wrap;
      overflow-wrap:anywhere}
    .line.own{align-self:flex-end;background:var(--own);color:#fff}
    .line.waiting{opacity:.65}
    .line small{display:block;font-size:.72rem;opacity:.85}
    .line.failed{background:#a3261f;color:#fff;opacity:1}
    .line.failed button{color:#fff}
    form{border-top:1px solid var(--line);padding:.6rem .8rem;display:grid;gap:.5rem}
    input,textarea{width:100%;border:1px solid var(--line);border-radius:.5rem;padding:.45rem .6rem;background:var(--back);
      color:var(--ink);resize:none}
    label{font-size:.8rem}
    .who{display:grid;grid-template-columns:1fr 1fr;gap:.5rem}
    .row{display:flex;gap:.5rem;align-items:end}.row label{flex:1}
    @media (prefers-reduced-motion:no-preference){.log{scroll-behavior:smooth}}`);
  root.adoptedStyleSheets = [sheet];

  const opener = make("button", { class: "open", type: "button", "aria-haspopup": "dialog" }, title);
  const connection = make("p", { class: "state", role: "status" }, "");
  const closer = make("button", { class: "plain", type: "button" }, "Close");
  const older = make("button", { class: "plain", type: "button" }, "Show older messages");
  const lines = make("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": "Messages", tabindex: "0" });
  const field = (name, attributes) => {
    const input = make("input", attributes);
    return [input, make("label", {}, name, input)];
  };
  const [name, nameLabel] = field("Name (optional)", { autocomplete: "name", maxlength: "100" });
  const [email, emailLabel] = field("E-mail (optional)", { type: "email", autocomplete: "email", maxlength: "254" });
  const who = make("div", { class: "who" }, nameLabel, emailLabel);
  const text = make("textarea", { rows: "2", maxlength: String(MAX_MESSAGE_CHARS), required: "" });
  const send = make("button", { type: "submit" }, "Send");
  const form = make("form", { novalidate: "" }, who, make("div", { class: "row" }, make("label", {}, "Message", text), send));
  const panel = make("section", { class: "panel", role: "dialog", "aria-label": title },
    make("header", {}, make("h2", {}, title), connection, closer), lines, form);
  panel.hidden = true;
  root.append(opener, panel);
  name.value = state.name;
  email.value = state.email;

  const isShown = () => !panel.hidden && document.visibilityState === "visible";
  const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const say = (words) => {
    if (connection.textContent !== words) connection.textContent = words;
  };
  const line = (content, own, note) => {
    const small = make("small", {}, note);
    return make("div", { class: own ? "line own" : "line" }, content, small);
  };
  const shownAs = (message) => {
    const by = message.sender_type === "ai" ? "Assistant, " : "";
    const shown = line(message.content ?? "(removed)", message.direction === "in", `${by}${clock(message.written_at)}`);
    for (const { url, name: label } of message.attachments || []) {
      if (!/^https?:/.test(url)) continue;
      shown.append(make("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label || "Attachment"));
    }
    return shown;
  };
  const shownAsPending = (pending) => {
    const shown = line(pending.content, true, pending.refused ? `Not sent: ${pending.refused} ` : "Sending…");
    shown.classList.add(pending.refused ? "failed" : "waiting");
    if (pending.refused) {
      const again = make("button", { class: "plain", type: "button" }, "Edit");
      again.addEventListener("click", () => {
        taken.add(pending.id);
        text.value = text.value ? `${pending.content}\n${text.value}` : pending.content;
        save();
        render();
        text.focus();
      });
      shown.append(again);
    }
    return shown;
  };
  const render = () => {
    const sorted = [...messages.values()].sort((one, other) => one.written_at.localeCompare(other.written_at));
    const shown = [...sorted.map(shownAs), ...state.pending.map(shownAsPending)];
    lines.replaceChildren(...(hasOlder ? [older] : []), ...shown);
    lines.scrollTop = lines.scrollHeight;
    who.hidden = Boolean(state.session);
    opener.textContent = unread ? `${title} (${unread} new)` : title;
  };
  const see = () => {
    if (!isShown()) return;
    unread = 0;
    for (const message of messages.values()) {
      if (message.direction !== "out" || message.status === "read") continue;
      message.status = "read";
      // An answer that is not marked now is marked when the page is opened again.
      call("read", { method: "POST", body: JSON.stringify({ message_id: message.message_id }) }).catch(() => {});
    }
  };
  const take = (message) => {
    const known = messages.get(message.message_id);
    if (!known && message.direction === "out" && message.status !== "read" && !isShown()) unread += 1;
    messages.set(message.message_id, message);
  };

  // --- Sending: one after the other, each until it is taken or refused --------------------------------------------------
  const problemOf = async (response) => {
    try {
      return await response.json();
    } catch {
      return {};
    }
  };
  const attempt = async (pending) => {
    const { id, content, name: called, email: at } = pending;
    join();
    const body = JSON.stringify({ id, content, ...(called && { name: called }), ...(at && { email: at }) });
    const response = await call("messages", { method: "POST", body });
    if (response.ok) {
      const answer = await response.json();
      state.session = answer.session;
      taken.add(id);
      save();
      if (answer.message_id && !messages.has(answer.message_id)) {
        take({ message_id: answer.message_id, direction: "in", content, written_at: new Date().toISOString(), status: "received" });
      }
      follow();
      return 0;
    }
    if (response.status === 401 && state.session) {
      forget();
      return 1;
    }
    if (response.status === 429 || response.status >= 500) {
      return Math.max(Number(response.headers.get("retry-after")) * 1000 || 0, FIRST_WAIT_MS);
    }
    pending.refused = (await problemOf(response)).detail || `refused (${response.status})`;
    save();
    return 0;
  };
  const flush = async () => {
    if (sending) return;
    sending = true;
    let backoff = FIRST_WAIT_MS;
    for (let next; (next = state.pending.find((pending) => !pending.refused)); ) {
      let pause;
      try {
        pause = await attempt(next);
        if (pause === 0) backoff = FIRST_WAIT_MS;
      } catch {
        say("Offline; your message will be sent");
        pause = backoff;
        backoff = Math.min(backoff * 2, LAST_WAIT_MS);
      }
      render();
      if (pause) await wait(pause);
    }
    sending = false;
    render();
  };

  // --- Hearing: the history once, then the stream, resumed where it broke -----------------------------------------------
  const readHistory = async (before) => {
    const response = await call(before ? `messages?before=${encodeURIComponent(before)}` : "messages");
    if (response.status === 401) forget();
    if (!response.ok) throw new Error(`history ${response.status}`);
    const page = await response.json();
    page.messages.forEach(take);
    hasOlder = page.has_older;
    if (!before) lastEventId = page.last_event_id;
  };
  const readStream = async () => {
    const silence = new AbortController();
    let timer;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
    };
    alive();
    try {
      const headers = { "last-event-id": lastEventId };
      const response = await call("stream", { headers, signal: silence.signal });
      if (response.status === 401) forget();
      if (!response.ok) throw new Error(`stream ${response.status}`);
      say("Connected");
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let unparsed = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        alive();
        const blocks = (unparsed + value).split("\n\n");
        unparsed = blocks.pop();
        blocks.forEach(hear);
      }
    } finally {
      clearTimeout(timer);
    }
  };
  const hear = (block) => {
    const part = (field) => block.split("\n").find((row) => row.startsWith(field))?.slice(field.length).trim();
    const [id, data] = [part("id:"), part("data:")];
    if (!id || !data) return;
    lastEventId = id;
    take(JSON.parse(data));
    see();
    // While one is on its way, its own echo would show it twice.
    if (!sending) render();
  };
  let following = false;
  const follow = async () => {
    if (following) return;
    following = true;
    let backoff = FIRST_WAIT_MS;
    while (state.session) {
      try {
        if (lastEventId === null) await readHistory();
        see();
        if (!sending) render();
        await readStream();
        backoff = FIRST_WAIT_MS;
      } catch {
        backoff = Math.min(backoff * 2, LAST_WAIT_MS);
      }
      if (state.session) say("Reconnecting…");
      await wait(backoff);
    }
    following = false;
    say("");
    render();
  };

  // --- What the visitor does --------------------------------------------------------------------------------------------
  const open = () => {
    panel.hidden = false;
    opener.hidden = true;
    see();
    render();
    text.focus();
  };
  const close = () => {
    panel.hidden = true;
    opener.hidden = false;
    render();
    opener.focus();
  };
  opener.addEventListener("click", open);
  closer.addEventListener("click", close);
  older.addEventListener("click", async () => {
    const [first] = [...messages.values()].sort((one, other) => one.written_at.localeCompare(other.written_at));
    await readHistory(first && first.message_id).catch(() => say("Could not load older messages"));
    render();
    lines.scrollTop = 0;
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const content = text.value.trim();
    if (!content) return;
    if (state.pending.length >= MAX_PENDING) {
      say("Too many unsent messages; wait until they are sent");
      return;
    }
    Object.assign(state, { name: name.value.trim(), email: email.value.trim() });
    state.pending.push({ id: uuid(), content, name: state.name, email: state.email });
    save();
    text.value = "";
    render();
    flush();
  });
  document.addEventListener("visibilitychange", () => {
    see();
    render();
  });
  addEventListener("online", flush);

  document.body.append(host);
  render();
  if (script.dataset.open !== undefined) open();
  if (state.session) follow();
  flush();
})();
