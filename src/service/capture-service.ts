import type { Fixture } from "../domain/fixture.js";
import { checkName } from "../domain/names.js";
import type { CaptureServiceImplementation } from "../gen/hangup/v1/capture.js";
import { required } from "./fields.js";
import { captureMessage, segmentMessage } from "./messages.js";

const defaultName = "capture";
/** With room for the rest of the reply below the message limit of any client. */
const maxPcapBytes = 3 * 1024 * 1024;
const maxSegments = 10_000;

/** The gRPC face of captures. */
export function captureService(fixture: Fixture): CaptureServiceImplementation {
  const target = (request: { scope: string; capture: string }) =>
    fixture
      .scope(request.scope)
      .captures.get(request.capture === "" ? defaultName : required("capture", request.capture));

  return {
    async startCapture(request) {
      const name = request.name === "" ? defaultName : checkName("name", request.name);
      const capture = fixture.scope(request.scope).startCapture(name, request.listener);
      return { capture: captureMessage(capture.view()) };
    },

    async stopCapture(request) {
      const capture = target(request);
      capture.stop();
      return { capture: captureMessage(capture.view()) };
    },

    async getPackets(request) {
      const capture = target(request);
      const view = captureMessage(capture.view());
      if (request.session === "") {
        const { file, leftOut } = capture.pcap(maxPcapBytes);
        return { capture: view, pcap: file, segments: [], leftOut: BigInt(leftOut) };
      }
      const { segments } = capture.segmentsOf(fixture.scope(request.scope).session(request.session));
      return {
        capture: view,
        pcap: Buffer.alloc(0),
        segments: segments.slice(0, maxSegments).map(segmentMessage),
        leftOut: BigInt(Math.max(0, segments.length - maxSegments)),
      };
    },
  };
}
