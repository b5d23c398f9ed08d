using PocketCoder.Relay.Identity;

namespace PocketCoder.Relay;

/// <summary>What a relay needs to know to start.</summary>
public sealed class RelayOptions
{
    /// <summary>Where it listens: http://ADDRESS:PORT or https://…; port 0 means a free one.</summary>
    public required Uri Listen { get; init; }

    /// <summary>Where the relay keeps its state, 0700.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The address that phones use when it is not the one it listens on (a proxy, a tunnel).</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Also serve HTTPS on every address of this machine, with a certificate the relay makes.</summary>
    public bool Lan { get; init; }

    public int LanPort { get; init; } = 17443;

    /// <summary>How it knows its users.</summary>
    public IdentityOptions Identity { get; init; } = IdentityOptions.Embedded;

    /// <summary>Make a new key for access tokens now, not only when the present one has its age.</summary>
    public bool RotateSigningKey { get; init; }

    /// <summary>Serve HTTPS on every address of this machine with this certificate (PEM, with its chain) and key.</summary>
    public (string Certificate, string Key)? CertificateFiles { get; init; }

    /// <summary>The Redis that the nodes of a cluster share, like redis://HOST:6379; null: this relay is alone.</summary>
    public string? Redis { get; init; }

    /// <summary>Proxies whose X-Forwarded-For is believed.</summary>
    public IReadOnlyList<System.Net.IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Give <c>/metrics</c> to everybody, not only to this machine.</summary>
    public bool PublicMetrics { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The clock of the heartbeat, which waits for real peers.</summary>
    internal TimeProvider HeartbeatTime { get; init; } = TimeProvider.System;

    internal RelayRates Rates { get; init; } = RelayRates.Default;
}

/// <summary>What one peer or account may use in a second. Other than <see cref="Default"/> only for measuring how fast a relay is.</summary>
internal sealed record RelayRates
{
    public static readonly RelayRates Default = new();

    public static readonly RelayRates Unlimited = new()
    {
        MessagesPerSecond = 1e12, MessageBurst = 1e12, BytesPerSecond = 1e15, ByteBurst = 1e15, SocketsPerUser = int.MaxValue, RequestsInFlight = int.MaxValue,
    };

    public double MessagesPerSecond { get; init; } = 200;

    public double MessageBurst { get; init; } = 1000;

    public double BytesPerSecond { get; init; } = 20_000_000;

    public double ByteBurst { get; init; } = 64_000_000;

    public int SocketsPerUser { get; init; } = 32;

    public int RequestsInFlight { get; init; } = 64;
}

/// <summary>The limits of section 7 of SECURITY.md that a relay keeps. Nobody should tune them.</summary>
internal static class Limits
{
    public static readonly TimeSpan Registration = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan AccessToken = TimeSpan.FromMinutes(10);

    /// <summary>A registration is looked at anew after this long, however long its token is good.</summary>
    public static readonly TimeSpan LookAgain = TimeSpan.FromHours(1);
    public static readonly TimeSpan RefreshToken = TimeSpan.FromDays(30);
    public static readonly TimeSpan PairingCode = TimeSpan.FromMinutes(5);
    public const int PairingCodesPerUser = 16;
    public static readonly TimeSpan SignIn = TimeSpan.FromMinutes(10);
    public static readonly TimeSpan SignInCode = TimeSpan.FromMinutes(2);
    public static readonly TimeSpan SigningKeyAge = TimeSpan.FromDays(30);
    public const int UnregisteredMessageBytes = 64 * 1024;
    public const int SendQueueBytes = 8 * 1024 * 1024;

    /// <summary>What may wait for all peers of an account together; then the slowest of them is cut off.</summary>
    public const long HeldBytesPerUser = 128 * 1024 * 1024;

    /// <summary>Who has so much waiting does not keep up; then it is looked whether its account has too much.</summary>
    public const int NoticeableBytes = 1024 * 1024;

    /// <summary>type, requestId, machineKey, clientId, sessionId.</summary>
    public const int FieldBytes = 256;
    public const int PartsOfMessage = 512;

    /// <summary>A message that was begun must be whole after this long, or have come at this rate.</summary>
    public static readonly TimeSpan SlowMessage = TimeSpan.FromSeconds(30);
    public const int SlowestBytesPerSecond = 1024;

    public static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(30);

    /// <summary>Who was asked whether it is still there and says nothing for so long is gone: 75 s after it was last heard.</summary>
    public static readonly TimeSpan PongWithin = TimeSpan.FromSeconds(45);

    /// <summary>A peer that takes nothing of what is sent to it for so long is cut off.</summary>
    public static readonly TimeSpan Stalled = TimeSpan.FromSeconds(60);
    public const int UnregisteredSocketsPerAddress = 20;
    public const int UnregisteredSockets = 5000;
    public const int PairingAttemptsPerMinute = 10;
    public const int LabelLength = 64;
}
