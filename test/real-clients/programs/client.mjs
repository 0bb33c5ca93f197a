// What Node's fetch (undici) reports: client.mjs URL TIMEOUT COUNT, one line for the last request.
const [url, timeout, count] = process.argv.slice(2);

async function get() {
  let bytes = 0;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(Number(timeout) * 1000) });
    for await (const chunk of response.body) bytes += chunk.length;
    return `${response.status}, ${bytes} bytes`;
  } catch (error) {
    const { name, message, cause } = error;
    // What the body had given before its error depends on when it was read.
    return name === "TypeError" ? `TypeError: ${message}, cause ${cause?.code ?? cause?.message}` : name;
  }
}

// The timer of AbortSignal.timeout holds no process up.
const held = setInterval(() => {}, 1000);
let said = "";
for (let n = 0; n < Number(count); n += 1) {
  said = await get();
  // The connection goes back to the pool after the body's end.
  await new Promise((resolve) => setImmediate(resolve));
}
clearInterval(held);
console.log(said);
