using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using PocketCoder.Protocol;
using PocketCoder.Relay.Identity;

namespace PocketCoder.Relay.Web;

/// <summary>
/// <c>GET /auth/authorize</c> and <c>/auth/callback</c>: the relay's part of signing in with a browser. A code goes to a program on this very machine
/// (http://127.0.0.1:PORT/callback) or to the relay's own page, never anywhere else.
/// </summary>
internal sealed class SignInEndpoints(IIdentity identity, Uri? publicUrl, AttemptLimiter attempts, IReadOnlyList<IPNetwork> proxies)
{
    private const int LongestState = 512;

    public void Map(WebApplication app)
    {
        app.MapGet("/auth/authorize", (RequestDelegate)AuthorizeAsync);
        app.MapGet("/auth/callback", (RequestDelegate)ReturnAsync);
        app.MapGet("/auth/callback/{sealed}", (RequestDelegate)ReturnAsync);
    }

    private async Task AuthorizeAsync(HttpContext context)
    {
        var query = context.Request.Query;
        if (identity.SignIn is not { } signIn)
        {
            await SayAsync(context, StatusCodes.Status404NotFound, "Nobody signs in at this relay. Devices are paired with a code: pocketcoder pair");
        }
        else if (query["redirect_uri"] is not [{ } target] || !Uri.TryCreate(target, UriKind.Absolute, out var redirect) || !IsAllowed(redirect, target, context.Request))
        {
            await SayAsync(context, StatusCodes.Status400BadRequest, "redirect_uri must be http://127.0.0.1:PORT/callback or the relay's own page.");
        }
        else if (query["state"] is not [{ Length: > 0 and <= LongestState } state])
        {
            await SayAsync(context, StatusCodes.Status400BadRequest, $"state is missing, or longer than {LongestState} characters.");
        }
        else if (query["code_challenge_method"] is not ["S256"] || query["code_challenge"] is not [{ Length: 43 } challenge] || !System.Buffers.Text.Base64Url.IsValid(challenge))
        {
            await SayAsync(context, StatusCodes.Status400BadRequest, "code_challenge must be the base64url of a SHA-256, and code_challenge_method S256.");
        }
        else
        {
            try
            {
                GoTo(context, await signIn.BeginAsync(new SignInRequest(redirect, state, challenge), Callback(context.Request)));
            }
            catch (Exception ex) when (ex is RequestException or RelayConfigurationException)
            {
                await SayAsync(context, StatusCodes.Status503ServiceUnavailable, Refusals.SignInUnavailable.Message);
            }
        }
    }

    private async Task ReturnAsync(HttpContext context)
    {
        try
        {
            await AnswerReturnAsync(context);
        }
        catch (RequestException unavailable)
        {
            await SayAsync(context, StatusCodes.Status503ServiceUnavailable, unavailable.Message);
        }
    }

    private async Task AnswerReturnAsync(HttpContext context)
    {
        if (!await attempts.AllowsAsync(ForwardedAddress.Of(context, proxies)))
        {
            await SayAsync(context, StatusCodes.Status429TooManyRequests, Refusals.TooManyAttempts.Message);
            return;
        }

        var query = context.Request.Query;
        SignInReturn returned = new(context.Request.RouteValues["sealed"] as string, Only(query, "state"), Only(query, "code"), Only(query, "error"), Only(query, "iss"));
        if (identity.SignIn is { } signIn && await signIn.ReturnAsync(returned, Callback(context.Request)) is { } next)
        {
            GoTo(context, next);
            return;
        }

        await SayAsync(context, StatusCodes.Status400BadRequest, "This sign-in is not one of this relay's, is over already, or took longer than ten minutes. Begin it again where you began it.");
    }

    private bool IsAllowed(Uri redirect, string text, HttpRequest request)
    {
        // Compared as written: what two programs could read in two ways is not taken.
        var loopback = $"http://127.0.0.1:{redirect.Port}/callback" == text;
        return loopback || text == Own(request).AbsoluteUri;
    }

    private Uri Callback(HttpRequest request) => new(Own(request), "auth/callback");

    // The Host was checked against the relay's own names before.
    private Uri Own(HttpRequest request) => publicUrl is null
        ? new UriBuilder(request.Scheme, request.Host.Host, request.Host.Port ?? -1).Uri
        : publicUrl.AbsolutePath.EndsWith('/') ? publicUrl : new Uri(publicUrl.AbsoluteUri + "/");

    private static string? Only(IQueryCollection query, string name) => query[name] is [{ Length: <= 8192 } value] ? value : null;

    private static void GoTo(HttpContext context, Uri address)
    {
        Harden(context.Response);
        context.Response.StatusCode = StatusCodes.Status302Found;
        context.Response.Headers.Location = address.AbsoluteUri;
    }

    private static Task SayAsync(HttpContext context, int status, string sentence)
    {
        Harden(context.Response);
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(sentence + "\n");
    }

    // Codes stand in these addresses: nothing keeps them and no page is told of them.
    private static void Harden(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
    }
}
