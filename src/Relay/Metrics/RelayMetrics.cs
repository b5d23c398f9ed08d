using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using PocketCoder.Protocol;

namespace PocketCoder.Relay;

/// <summary>
/// What a relay counts, as instruments of System.Diagnostics.Metrics and as Prometheus text. Labels are kinds and codes of the protocol: no name, address or path.
/// </summary>
internal sealed class RelayMetrics : IDisposable
{
    private readonly Meter _meter = new("PocketCoder.Relay");

    public RelayMetrics(RelayCounters counters, LocalPeers here, PeerServer server)
    {
        _meter.CreateObservableGauge("pocketcoder_relay_connections", () => new[]
        {
            Of("kind", "machine", here.Machines), Of("kind", "client", here.Clients), Of("kind", "unregistered", server.Unregistered),
        }, description: "Open connections.");
        _meter.CreateObservableGauge("pocketcoder_relay_queued_bytes", () => server.QueuedBytes, description: "Bytes that wait to be sent.");
        _meter.CreateObservableCounter("pocketcoder_relay_messages_total", () => counters.Messages, description: "Messages received.");
        _meter.CreateObservableCounter("pocketcoder_relay_forwarded_bytes_total", () => counters.Bytes, description: "Bytes of messages that were to be passed on.");
        _meter.CreateObservableCounter("pocketcoder_relay_refusals_total", () => counters.RefusedByCode.Select(entry => Of("code", Name(entry.Key), entry.Value)), description: "Requests that the relay refused, by code.");
        _meter.CreateObservableCounter("pocketcoder_relay_closes_total", () => counters.ClosedByCode.Select(entry => Of("code", entry.Key.ToString(CultureInfo.InvariantCulture), entry.Value)), description: "Connections that the relay closed, by code.");
        _meter.CreateObservableCounter("pocketcoder_relay_cut_off_total", () => counters.CutOffs, description: "Connections that did not keep up with what was for them.");
        _meter.CreateObservableCounter("pocketcoder_relay_request_timeouts_total", () => counters.Timeouts, description: "Requests that a machine did not answer in time.");
    }

    public async Task WriteAsync(HttpResponse response)
    {
        response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await response.WriteAsync(Text());
    }

    public void Dispose() => _meter.Dispose();

    private string Text()
    {
        StringBuilder text = new();
        string? last = null;
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter == _meter)
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (last != instrument.Name)
            {
                last = instrument.Name;
                var kind = instrument is ObservableGauge<long> ? "gauge" : "counter";
                text.Append(CultureInfo.InvariantCulture, $"# HELP {instrument.Name} {instrument.Description}\n# TYPE {instrument.Name} {kind}\n");
            }

            var labels = tags is [var tag] ? $"{{{tag.Key}=\"{tag.Value}\"}}" : "";
            text.Append(CultureInfo.InvariantCulture, $"{instrument.Name}{labels} {value}\n");
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return text.ToString();
    }

    private static Measurement<long> Of(string label, string value, long count) => new(count, new KeyValuePair<string, object?>(label, value));

    private static string Name(ErrorCode code) => System.Text.Json.JsonNamingPolicy.SnakeCaseUpper.ConvertName(code.ToString());
}
