import { crash } from "./entries/crash.js";
import { endings } from "./entries/endings.js";
import { listeners } from "./entries/listeners.js";
import { streams } from "./entries/streams.js";
import { unix } from "./entries/unix.js";
import type { Entry } from "./entry.js";

/** Every way in which a connection can end or fail to, as far as the fixture can give it. */
export const catalogue: readonly Entry[] = [...endings, ...streams, ...listeners, ...unix, ...crash];
