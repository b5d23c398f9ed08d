using PocketCoder.Protocol;
using PocketCoder.Relay.Identity;

namespace PocketCoder.Relay;

/// <summary>Answers what is addressed to the relay itself: identity, registration, the list of machines.</summary>
internal sealed class Registrar(EmbeddedIdentity identity, Switchboard switchboard, MachineStore machines, AttemptLimiter attempts)
{
    /// <summary>The answer to a message that is the relay's own; null when it is to be forwarded.</summary>
    public async Task<Envelope?> AnswerAsync(Peer peer, Envelope message)
    {
        try
        {
            return message.Type switch
            {
                Wire.Ping => new Envelope { Type = Wire.Pong, RequestId = message.RequestId },
                _ when message.Type == AuthExchangeRequest.Type => Envelope.Of(await ExchangeAsync(peer, message.Read<AuthExchangeRequest>()), message.RequestId),
                _ when message.Type == TokenRefreshRequest.Type => Envelope.Of(await identity.RefreshAsync(message.Read<TokenRefreshRequest>()), message.RequestId),
                _ when message.Type == DaemonRegisterRequest.Type => Envelope.Of(await RegisterAsync(peer, message.Read<DaemonRegisterRequest>()), message.RequestId),
                _ when message.Type == ClientRegisterRequest.Type => Envelope.Of(await RegisterAsync(peer, message.Read<ClientRegisterRequest>()), message.RequestId),
                _ when message.Type == MachinesListRequest.Type && peer.Registration is ClientRegistration client =>
                    Envelope.Of(new MachinesListResponse(machines.Of(client.UserId, switchboard.IsConnected)), message.RequestId),
                _ when message.Type == PairingCodeCreateRequest.Type && peer.Registration is DaemonRegistration daemon =>
                    Envelope.Of(await identity.CreatePairingCodeAsync(daemon.UserId), message.RequestId),
                _ when message.Type == PairingCodeCreateRequest.Type && peer.Registration is not null => Envelope.OfError(Refusals.WrongRole, message.RequestId),
                _ => null,
            };
        }
        catch (RequestException refused)
        {
            return Envelope.OfError(refused.ToErrorInfo(), message.RequestId);
        }
        catch (System.Text.Json.JsonException)
        {
            return Envelope.OfError(new ErrorInfo(ErrorCode.InvalidRequest, $"The payload of {message.Type} is not valid: a field is missing or has the wrong type."), message.RequestId);
        }
    }

    private Task<AuthExchangeResponse> ExchangeAsync(Peer peer, AuthExchangeRequest request) =>
        attempts.Allow(peer.RemoteAddress)
            ? identity.ExchangeAsync(request)
            : throw new RequestException(Refusals.TooManyAttempts.Code, Refusals.TooManyAttempts.Message);

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
            || !await machines.ClaimAsync(request.MachineKey, grant.UserId, machine))
        {
            throw EmbeddedIdentity.Refused();
        }

        await switchboard.DaemonJoinedAsync(peer, new DaemonRegistration(grant.UserId, grant.DeviceId, grant.ExpiresAt, request.MachineKey), machine, request.Projects);
        return new DaemonRegisterResponse(grant.UserId);
    }

    private async Task<ClientRegisterResponse> RegisterAsync(Peer peer, ClientRegisterRequest request)
    {
        var grant = await GrantAsync(peer, request.Token);
        if (peer.Registration is DaemonRegistration)
        {
            throw EmbeddedIdentity.Refused();
        }

        if (request.Device is { } device)
        {
            await identity.NameDeviceAsync(grant.DeviceId, Clean(device.Name));
        }

        var clientId = (peer.Registration as ClientRegistration)?.ClientId ?? $"cl_{Guid.NewGuid():N}";
        switchboard.ClientJoined(peer, new ClientRegistration(grant.UserId, grant.DeviceId, grant.ExpiresAt, clientId));
        return new ClientRegisterResponse(grant.UserId, clientId, machines.Of(grant.UserId, switchboard.IsConnected));
    }

    private async Task<AccessGrant> GrantAsync(Peer peer, string token)
    {
        var grant = await identity.VerifyAsync(token) ?? throw EmbeddedIdentity.Refused();
        if (peer.Registration is { } present && present.UserId != grant.UserId)
        {
            throw EmbeddedIdentity.Refused();
        }

        return peer.Registration is null && switchboard.SocketsOf(grant.UserId) >= Limits.SocketsPerUser
            ? throw new RequestException(Refusals.TooManySockets.Code, Refusals.TooManySockets.Message)
            : grant;
    }

    private static string CleanLabel(MachineInfo machine) => Clean(machine.Label) is { Length: > 0 } label ? label : Clean(machine.Hostname);

    private static string Clean(string text) =>
        string.Concat(text.Where(c => !char.IsControl(c)).Take(Limits.LabelLength)).Trim();
}
