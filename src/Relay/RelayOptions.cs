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

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>The limits of section 7 of SECURITY.md that a relay keeps. Nobody should tune them.</summary>
internal static class Limits
{
    public static readonly TimeSpan Registration = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan AccessToken = TimeSpan.FromMinutes(10);
    public static readonly TimeSpan RefreshToken = TimeSpan.FromDays(30);
    public static readonly TimeSpan PairingCode = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan SignIn = TimeSpan.FromMinutes(10);
    public static readonly TimeSpan SignInCode = TimeSpan.FromMinutes(2);
    public static readonly TimeSpan SigningKeyAge = TimeSpan.FromDays(30);
    public static readonly TimeSpan RefreshRetry = TimeSpan.FromMinutes(2);
    public const int UnregisteredMessageBytes = 64 * 1024;
    public const int SendQueueBytes = 8 * 1024 * 1024;
    public const int MessagesPerSecond = 200;
    public const int MessageBurst = 1000;
    public const int RequestsInFlight = 64;
    public const int SocketsPerUser = 32;
    public const int UnregisteredSocketsPerAddress = 20;
    public const int PairingAttemptsPerMinute = 10;
    public const int LabelLength = 64;
}
