using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace PocketCoder.Daemon.ControlPlane;

/// <summary>
/// Keeps web pages away from the control plane: a page in the user's browser can send requests to 127.0.0.1, and with a rebound name even
/// read the answers. So the Host must be an address, no Origin may be there, and everything but /health needs the token from a 0600 file.
/// </summary>
internal sealed class LoopbackOnly(string token)
{
    private readonly byte[] _expected = SHA256.HashData(Encoding.UTF8.GetBytes("Bearer " + token));

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (request.Host.Host is not ("127.0.0.1" or "localhost")
            || request.Headers.Origin.Count > 0
            || request.Headers["Sec-Fetch-Site"] is { Count: > 0 } site && site != "none")
        {
            await ControlPlaneApi.RefuseAsync(context, StatusCodes.Status403Forbidden, "The control plane is not for web pages.");
            return;
        }

        // Hashed first, so that the comparison takes the same time whatever was sent.
        var given = SHA256.HashData(Encoding.UTF8.GetBytes(request.Headers.Authorization.ToString()));
        if (request.Path != "/health" && !CryptographicOperations.FixedTimeEquals(given, _expected))
        {
            await ControlPlaneApi.RefuseAsync(context, StatusCodes.Status401Unauthorized, "The token of control-plane.json is missing or wrong.");
            return;
        }

        await next(context);
    }
}
