using PocketCoder.Nemesis.History;

namespace PocketCoder.Nemesis.Checks;

/// <summary>Says what was promised and not kept. It looks at nothing but the recording.</summary>
internal static class Checker
{
    public static IReadOnlyList<Violation> Check(Recording recording) =>
    [
        .. Logs.Check(recording),
        .. Delivery.Check(recording),
        .. Messages.Check(recording),
        .. Turns.Check(recording),
        .. Prompts.Check(recording),
        .. Rest.Check(recording),
    ];
}
