using System.Text.Json;
using System.Text.Json.Serialization;

namespace PocketCoder.Protocol;

/// <summary>
/// A device wants to be told by web push (RFC 8030) while its page is closed. <c>endpoint</c>, <c>p256dh</c> and <c>auth</c> are its browser's subscription; <c>vapid</c>
/// is the key pair that the subscription is bound to, which the device made for all its machines; <c>deviceId</c> is its own in <c>devices_list</c>: who is not
/// in that list any more is told nothing. The same endpoint again replaces what was kept of it. Kept for 30 days unless it comes again. Carries no project.
/// </summary>
public sealed record PushSubscribeRequest(string Endpoint, string P256dh, string Auth, VapidKey Vapid, string DeviceId, PushWishes Wishes) : IRequest<PushSubscribeResponse>
{
    public static string Type => "push_subscribe";
}

public sealed record PushSubscribeResponse : IMessage
{
    public static string Type => "push_subscribe_response";
}

/// <summary>Both in base64url: the point (65 bytes, uncompressed) and the secret number (32 bytes) of a P-256 key (RFC 8292).</summary>
public sealed record VapidKey(string PublicKey, string PrivateKey);

/// <summary>What a device wants to be told. In quiet hours nothing is sent; what still needs somebody is sent when they end.</summary>
public sealed record PushWishes(bool NeedsYou, bool Finished, bool Failed, QuietHours? Quiet = null);

/// <summary><c>from</c> and <c>to</c> are minutes of the device's own day, <c>utcOffset</c> its minutes east of UTC.</summary>
public sealed record QuietHours(int From, int To, int UtcOffset);

/// <summary>Ends a subscription. Answered alike when there is none. Carries no project.</summary>
public sealed record PushUnsubscribeRequest(string Endpoint) : IRequest<PushUnsubscribeResponse>
{
    public static string Type => "push_unsubscribe";
}

public sealed record PushUnsubscribeResponse : IMessage
{
    public static string Type => "push_unsubscribe_response";
}

/// <summary>Sends one notification to this subscription now, and answers when the push service has taken it; <c>NOT_FOUND</c> when there is no such subscription. Carries no project.</summary>
public sealed record PushTestRequest(string Endpoint) : IRequest<PushTestResponse>
{
    public static string Type => "push_test";
}

public sealed record PushTestResponse : IMessage
{
    public static string Type => "push_test_response";
}

/// <summary>
/// What a push message says, encrypted for the device (RFC 8291): it goes through the push service of its browser, never through the relay. <c>tag</c> names what it is
/// about: <c>withdrawn</c> takes back what was shown under the same tag. <c>toolName</c>, <c>input</c> and <c>root</c> (the project's directory) are there only when
/// the whole of a permission fits into the message. <c>open</c>: what needs somebody on this machine now.
/// </summary>
public sealed record PushNotice(PushKind Kind, string MachineKey, string Tag, string Title, string Body, int Open) : IEvent
{
    public static string Type => "push_notice";

    public string? ProjectId { get; init; }

    public string? AgentSessionId { get; init; }

    public string? PromptId { get; init; }

    public string? ToolName { get; init; }

    public JsonElement? Input { get; init; }

    public string? Root { get; init; }
}

[JsonConverter(typeof(JsonStringEnumConverter<PushKind>))]
public enum PushKind
{
    [JsonStringEnumMemberName("needs_you")] NeedsYou,
    [JsonStringEnumMemberName("finished")] Finished,
    [JsonStringEnumMemberName("failed")] Failed,
    [JsonStringEnumMemberName("withdrawn")] Withdrawn,
    [JsonStringEnumMemberName("test")] Test,
}

[JsonSerializable(typeof(PushSubscribeRequest))]
[JsonSerializable(typeof(PushSubscribeResponse))]
[JsonSerializable(typeof(PushUnsubscribeRequest))]
[JsonSerializable(typeof(PushUnsubscribeResponse))]
[JsonSerializable(typeof(PushTestRequest))]
[JsonSerializable(typeof(PushTestResponse))]
[JsonSerializable(typeof(PushNotice))]
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
internal sealed partial class PushJson : JsonSerializerContext;
