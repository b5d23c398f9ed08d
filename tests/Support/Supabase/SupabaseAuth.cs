using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace PocketCoder.TestSupport.Supabase;

/// <summary>
/// Stands in for Supabase Auth on loopback: the part of its documented HTTP interface that a relay may use, and nothing else. What is not documented is
/// refused. The person at the browser is <see cref="User"/>, who says yes at once.
/// </summary>
public sealed class SupabaseAuth : IAsyncDisposable
{
    public const string ApiKey = "sb_publishable_test";

    private readonly WebApplication _app;
    private readonly SupabaseFlows _flows;
    private readonly SupabaseSessionTable _sessions;

    private SupabaseAuth(WebApplication app, SupabaseKeys keys, TimeProvider time)
    {
        (_app, Keys) = (app, keys);
        _flows = new SupabaseFlows(time);
        _sessions = new SupabaseSessionTable(time);
    }

    public Uri Url { get; private set; } = null!;

    public string Issuer => new Uri(Url, "/auth/v1").AbsoluteUri;

    public SupabaseKeys Keys { get; }

    /// <summary>Who signs in next; null: somebody who says no.</summary>
    public string? User { get; set; } = Guid.NewGuid().ToString();

    /// <summary>What its list of redirect addresses has: all that begin with one of these.</summary>
    public List<string> AllowedRedirects { get; } = ["http://127.0.0.1:"];

    /// <summary>Answers 503 to everything, as when it is down.</summary>
    public bool Down { get; set; }

    /// <summary>What it answers whoever wants tokens, instead of what it should.</summary>
    public (int Status, string Body)? Trouble { get; set; }

    /// <summary>How often its keys were asked for.</summary>
    public int KeyRequests { get; private set; }

    /// <summary>The paths that were asked for, with their queries.</summary>
    public List<string> Requests { get; } = [];

    /// <param name="time">Its clock.</param>
    /// <param name="secret">Sign with HS256 and this secret, as old projects do; else with ES256.</param>
    public static async Task<SupabaseAuth> StartAsync(TimeProvider? time = null, string? secret = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var clock = time ?? TimeProvider.System;
        SupabaseAuth auth = new(app, new SupabaseKeys(clock, secret), clock);
        app.Use(auth.GuardAsync);
        app.MapGet("/auth/v1/authorize", (RequestDelegate)auth.AuthorizeAsync);
        app.MapPost("/auth/v1/token", (RequestDelegate)auth.TokenAsync);
        app.MapPost("/auth/v1/logout", (RequestDelegate)auth.LogoutAsync);
        app.MapGet("/auth/v1/.well-known/jwks.json", (RequestDelegate)auth.KeysAsync);
        await app.StartAsync();
        auth.Url = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return auth;
    }

    /// <summary>Tokens as after a sign-in.</summary>
    public (string AccessToken, string RefreshToken) SignIn(string userId)
    {
        var session = _sessions.Begin(userId);
        return (Keys.Sign(Issuer, session), session.Current);
    }

    /// <summary>Ends everybody's sessions, as an administrator may.</summary>
    public void EndAll() => _sessions.EndAll();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        lock (Requests)
        {
            Requests.Add($"{context.Request.Path}{context.Request.QueryString}");
        }

        if (Down)
        {
            context.Response.StatusCode = 503;
        }
        else if (Trouble is var (status, body) && context.Request.Path == "/auth/v1/token")
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = status == 302 ? "http://site.invalid/" : default(string);
            await context.Response.WriteAsync(body);
        }
        else if (context.Request.Method == "POST" && context.Request.Headers["apikey"] != ApiKey)
        {
            await AnswerAsync(context, 401, new JsonObject { ["message"] = "Invalid API key", ["hint"] = "Double check your Supabase `anon` or `service_role` API key." });
        }
        else
        {
            await next(context);
        }
    }

    private async Task AuthorizeAsync(HttpContext context)
    {
        var query = context.Request.Query;
        string[] known = ["provider", "redirect_to", "code_challenge", "code_challenge_method", "scopes"];
        if (query.Keys.Except(known).Any() || query["provider"] != "github")
        {
            await RefuseAsync(context, 400, "validation_failed", "Unsupported provider: provider is not enabled");
        }
        else if (SupabaseFlows.Problem(query["code_challenge"].ToString(), query["code_challenge_method"].ToString()) is { } problem)
        {
            await RefuseAsync(context, 400, "validation_failed", problem);
        }
        else if (!AllowedRedirects.Exists(allowed => query["redirect_to"].ToString().StartsWith(allowed, StringComparison.Ordinal)))
        {
            // An address that is not on the list is not an error: people land on the site's own page.
            context.Response.Redirect("http://site.invalid/");
        }
        else
        {
            var answer = User is { } user
                ? $"code={_flows.Begin(user, query["code_challenge"].ToString(), query["code_challenge_method"].ToString())}"
                : "error=access_denied&error_code=provider_denied&error_description=no";
            UriBuilder back = new(query["redirect_to"].ToString());
            back.Query = back.Query.Length > 1 ? $"{back.Query}&{answer}" : answer;
            context.Response.Redirect(back.Uri.AbsoluteUri);
        }
    }

    private async Task TokenAsync(HttpContext context)
    {
        var body = await SupabaseJson.ReadAsync(context.Request);
        switch (context.Request.Query["grant_type"].ToString())
        {
            case "pkce" when SupabaseJson.Text(body, "auth_code") is { } code && SupabaseJson.Text(body, "code_verifier") is { } verifier:
                var (user, error) = _flows.Redeem(code, verifier);
                await (user is null
                    ? RefuseAsync(context, error == "flow_state_not_found" ? 404 : 400, error!, "invalid flow state, no valid flow state found")
                    : AnswerAsync(context, 200, Tokens(_sessions.Begin(user))));
                break;
            case "refresh_token" when SupabaseJson.Text(body, "refresh_token") is { } refresh:
                var (session, refused) = _sessions.Refresh(refresh);
                await (session is null ? RefuseAsync(context, 400, refused!, "Invalid Refresh Token") : AnswerAsync(context, 200, Tokens(session)));
                break;
            case "pkce" or "refresh_token":
                await RefuseAsync(context, 400, "validation_failed", "invalid request: a field is missing, unknown or no text");
                break;
            default:
                await RefuseAsync(context, 400, "invalid_credentials", "unsupported_grant_type");
                break;
        }
    }

    private async Task LogoutAsync(HttpContext context)
    {
        var token = context.Request.Headers.Authorization.ToString();
        var session = token.StartsWith("Bearer ", StringComparison.Ordinal) ? _sessions.Find(Keys.SessionOf(token["Bearer ".Length..])) : null;
        if (session is null)
        {
            await RefuseAsync(context, 403, "bad_jwt", "invalid JWT");
        }
        else if (context.Request.Query["scope"] != "local")
        {
            // Also documented: global and others. A relay must not end more than one session.
            await RefuseAsync(context, 400, "validation_failed", "Unsupported logout scope");
        }
        else
        {
            _sessions.End(session);
            context.Response.StatusCode = 204;
        }
    }

    private Task KeysAsync(HttpContext context)
    {
        KeyRequests++;
        return AnswerAsync(context, 200, Keys.PublicSet());
    }

    private JsonObject Tokens(SupabaseSession session) => new()
    {
        ["access_token"] = Keys.Sign(Issuer, session),
        ["token_type"] = "bearer",
        ["expires_in"] = (int)Keys.Life.TotalSeconds,
        ["expires_at"] = Keys.Now.ToUnixTimeSeconds() + (int)Keys.Life.TotalSeconds,
        ["refresh_token"] = session.Current,
        ["user"] = new JsonObject { ["id"] = session.UserId, ["aud"] = "authenticated", ["role"] = "authenticated" },
    };

    private static Task RefuseAsync(HttpContext context, int status, string code, string message) =>
        AnswerAsync(context, status, new JsonObject { ["code"] = status, ["error_code"] = code, ["msg"] = message });

    private static Task AnswerAsync(HttpContext context, int status, JsonNode body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString());
    }
}
