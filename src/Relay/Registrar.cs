using System.Collections.Frozen;
using System.Text;
using PocketCoder.Protocol;
using PocketCoder.Relay.Identity;
using PocketCoder.Relay.Stores;

namespace PocketCoder.Relay;

/// <summary>Answers what is addressed to the relay itself: identity, registration, the lists of machines and devices.</summary>
internal sealed class Registrar(IIdentity identity, Switchboard switchboard, IRelayStore store, RelayCounters counters, TimeProvider time)
{
    private static readonly FrozenSet<string> Own = FrozenSet.Create(StringComparer.Ordinal,
        Wire.Ping, AuthExchangeRequest.Type, TokenRefreshRequest.Type, TokenRevokeRequest.Type, DaemonRegisterRequest.Type, ClientRegisterRequest.Type,
        MachinesListRequest.Type, PairingCodeCreateRequest.Type, DevicesListRequest.Type, DeviceRevokeRequest.Type);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> OwnByName = Own.GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> OwnEventsByName = FrozenSet.Create(StringComparer.Ordinal,
        Connected.Type, TokenExpiring.Type, ClientDisconnected.Type, DaemonStatus.Type, Wire.Pong).GetAlternateLookup<ReadOnlySpan<char>>();

    private readonly AttemptLimiter _attempts = new(store.Attempts, "identity");

    public AuthMode Mode => identity.Mode;

    /// <summary>Is a message of this type the relay's own, and never forwarded?</summary>
    public static bool IsForRelay(ReadOnlySpan<byte> type) => IsIn(OwnByName, type);

    /// <summary>Is a message of this type only ever the relay's word, and never a peer's?</summary>
    public static bool IsFromRelay(ReadOnlySpan<byte> type) => IsIn(OwnEventsByName, type);

    private static bool IsIn(FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> types, ReadOnlySpan<byte> type)
    {
        Span<char> chars = stackalloc char[Limits.FieldBytes];
        return types.Contains(chars[..Encoding.UTF8.GetChars(type, chars)]);
    }

    /// <summary>Answers a message that is the relay's own; false when it is not, or not for this peer.</summary>
    public async Task<bool> TryAnswerAsync(Peer peer, Envelope message)
    {
        string? revoked = null;
        if (await AnswerAsync(peer, message, deviceId => revoked = deviceId) is not { } answer)
        {
            return false;
        }

        peer.Send(answer);
        if (revoked is not null)
        {
            // After the answer: it may be the asker's own connection that this closes.
            identity.Devices.Announce(revoked);
        }

        return true;
    }

    private async Task<Envelope?> AnswerAsync(Peer peer, Envelope message, Action<string> onRevoked)
    {
        try
        {
            return message.Type switch
            {
                Wire.Ping => new Envelope { Type = Wire.Pong, RequestId = message.RequestId },
                _ when message.Type == AuthExchangeRequest.Type => Envelope.Of(await ExchangeAsync(peer, message.Read<AuthExchangeRequest>()), message.RequestId),
                _ when message.Type == TokenRefreshRequest.Type => Envelope.Of(await RefreshAsync(peer, message.Read<TokenRefreshRequest>()), message.RequestId),
                _ when message.Type == TokenRevokeRequest.Type => Envelope.Of(await RevokeAsync(peer, message.Read<TokenRevokeRequest>(), onRevoked), message.RequestId),
                _ when message.Type == DaemonRegisterRequest.Type => Envelope.Of(await RegisterAsync(peer, message.Read<DaemonRegisterRequest>()), message.RequestId),
                _ when message.Type == ClientRegisterRequest.Type => Envelope.Of(await RegisterAsync(peer, message.Read<ClientRegisterRequest>()), message.RequestId),
                _ when message.Type == MachinesListRequest.Type && peer.Registration is ClientRegistration client =>
                    Envelope.Of(new MachinesListResponse(await MachinesOfAsync(client.UserId)), message.RequestId),
                _ when message.Type == PairingCodeCreateRequest.Type && peer.Registration is DaemonRegistration daemon =>
                    Envelope.Of(await identity.CreatePairingCodeAsync(daemon.UserId, daemon.DeviceId), message.RequestId),
                _ when message.Type == DevicesListRequest.Type && peer.Registration is { } asker =>
                    Envelope.Of(new DevicesListResponse(await identity.Devices.OfAsync(asker.UserId, asker.DeviceId, await switchboard.DevicesOfAsync(asker.UserId))), message.RequestId),
                _ when message.Type == DeviceRevokeRequest.Type && peer.Registration is { } asker =>
                    Envelope.Of(await RevokeAsync(asker, message.Read<DeviceRevokeRequest>(), onRevoked), message.RequestId),
                _ => null,
            };
        }
        catch (RequestException refused)
        {
            counters.Refused(refused.Code);
            return Envelope.OfError(refused.ToErrorInfo(), message.RequestId);
        }
        catch (System.Text.Json.JsonException)
        {
            return Envelope.OfError(new ErrorInfo(ErrorCode.InvalidRequest, $"The payload of {message.Type} is not valid: a field is missing or has the wrong type."), message.RequestId);
        }
    }

    private async Task<AuthExchangeResponse> ExchangeAsync(Peer peer, AuthExchangeRequest request) =>
        await _attempts.AllowsAsync(peer.RemoteAddress)
            ? await identity.ExchangeAsync(request)
            : throw Refusals.TooManyAttempts.ToException();

    private async Task<TokenRefreshResponse> RefreshAsync(Peer peer, TokenRefreshRequest request)
    {
        await LimitStrangerAsync(peer, request.RefreshToken);
        return await identity.RefreshAsync(request);
    }

    // What a stranger invents is asked of the sign-in service, which counts what this relay asks.
    private async Task LimitStrangerAsync(Peer peer, string refreshToken)
    {
        if (peer.Registration is null && !await store.RefreshTokens.KnowsAsync(RefreshFamilies.SecretOf(refreshToken)) && !await _attempts.AllowsAsync(peer.RemoteAddress))
        {
            throw Refusals.TooManyAttempts.ToException();
        }
    }

    private async Task<DaemonRegisterResponse> RegisterAsync(Peer peer, DaemonRegisterRequest request)
    {
        if (!Guid.TryParseExact(request.MachineKey, "D", out _))
        {
            throw new RequestException(ErrorCode.InvalidRequest, "machineKey must be a UUID.");
        }

        var grant = await GrantAsync(peer, request.Token);
        var machine = request.Machine with { Label = CleanLabel(request.Machine) };
        if (peer.Registration is ClientRegistration
            || (peer.Registration is DaemonRegistration present && present.MachineKey != request.MachineKey)
            || !await store.Machines.ClaimAsync(request.MachineKey, grant.UserId, machine))
        {
            throw Refusals.Identity.ToException();
        }

        await identity.Devices.SeenAsync(grant, machine.Label, request.MachineKey);
        peer.ReadsBinary = request.Features?.Contains(Wire.BinaryFeature) == true;
        await switchboard.DaemonJoinedAsync(peer, new DaemonRegistration(grant.UserId, grant.DeviceId, grant.ExpiresAt, request.MachineKey, machine.Label), machine, request.Projects);
        await CloseIfRevokedAsync(peer, grant);
        return new DaemonRegisterResponse(grant.UserId);
    }

    private async Task<ClientRegisterResponse> RegisterAsync(Peer peer, ClientRegisterRequest request)
    {
        var grant = await GrantAsync(peer, request.Token);
        if (peer.Registration is DaemonRegistration)
        {
            throw Refusals.Identity.ToException();
        }

        await identity.Devices.SeenAsync(grant, request.Device is { } device ? Clean(device.Name) : null, machineKey: null);
        var clientId = (peer.Registration as ClientRegistration)?.ClientId ?? switchboard.NewClientId();
        peer.ReadsBinary = request.Features?.Contains(Wire.BinaryFeature) == true;
        await switchboard.ClientJoinedAsync(peer, new ClientRegistration(grant.UserId, grant.DeviceId, grant.ExpiresAt, clientId));
        await CloseIfRevokedAsync(peer, grant);
        return new ClientRegisterResponse(grant.UserId, clientId, await MachinesOfAsync(grant.UserId));
    }

    private async Task<TokenRevokeResponse> RevokeAsync(Peer peer, TokenRevokeRequest request, Action<string> onRevoked)
    {
        await LimitStrangerAsync(peer, request.RefreshToken);
        if (await identity.RevokeAsync(request) is { } deviceId)
        {
            onRevoked(deviceId);
        }

        return new TokenRevokeResponse();
    }

    private async Task<DeviceRevokeResponse> RevokeAsync(Registration asker, DeviceRevokeRequest request, Action<string> onRevoked)
    {
        onRevoked(await identity.Devices.RevokeAsync(asker.UserId, request.DeviceId)
            ?? throw Refusals.NoDevice.ToException());
        return new DeviceRevokeResponse();
    }

    // Revoked between the look at its token and its joining, a peer was not there yet to be closed.
    private async Task CloseIfRevokedAsync(Peer peer, AccessGrant grant)
    {
        if (!await identity.Devices.IsActiveAsync(grant))
        {
            peer.Close(CloseCode.NotAuthenticated, "revoked");
        }
    }

    private async Task<AccessGrant> GrantAsync(Peer peer, string token)
    {
        var grant = await identity.VerifyAsync(token) ?? throw Refusals.Identity.ToException();
        if (peer.Registration is { } present && present.UserId != grant.UserId)
        {
            throw Refusals.Identity.ToException();
        }

        return peer.Registration is null && switchboard.IsCrowded(grant.UserId)
            ? throw Refusals.TooManySockets.ToException()
            : grant with { ExpiresAt = Earlier(grant.ExpiresAt, time.GetUtcNow() + Limits.LookAgain) };
    }

    private async Task<IReadOnlyList<MachineEntry>> MachinesOfAsync(string userId) =>
    [
        .. (await store.Machines.OfAsync(userId)).Select(machine => new MachineEntry(
            machine.MachineKey, machine.Label, machine.Hostname, machine.Platform, switchboard.IsConnected(userId, machine.MachineKey), machine.LastSeenAt, machine.DaemonVersion)),
    ];

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private static string CleanLabel(MachineInfo machine) => Clean(machine.Label) is { Length: > 0 } label ? label : Clean(machine.Hostname);

    private static string Clean(string text) =>
        string.Concat(text.Where(c => !char.IsControl(c)).Take(Limits.LabelLength)).Trim();
}
