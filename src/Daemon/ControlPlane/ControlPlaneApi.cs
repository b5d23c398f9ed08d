using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.ControlPlane;

/// <summary>The HTTP API on 127.0.0.1 that the CLI speaks to.</summary>
internal static class ControlPlaneApi
{
    public static void MapControlPlane(this WebApplication app, Daemon daemon)
    {
        Map(app, "GET", "/health", static (_, _) => Task.FromResult(Results.Empty));
        Map(app, "GET", "/status", async (_, ct) => Json(await daemon.StatusAsync(ct)));
        Map(app, "POST", "/stop", (_, _) =>
        {
            daemon.RequestStop();
            return Task.FromResult(Results.Empty);
        });
        Map(app, "GET", "/machine-label", (_, _) => Task.FromResult(Json(new MachineLabel(daemon.Machine.Label))));
        Map(app, "POST", "/machine-label", async (context, ct) =>
        {
            var wanted = await ReadAsync<MachineLabel>(context);
            if (!daemon.Machine.TrySetLabel(wanted.Label))
            {
                return Error(StatusCodes.Status400BadRequest, MachineDescription.LabelRule);
            }

            await daemon.ReRegisterAsync(ct);
            return Json(new MachineLabel(daemon.Machine.Label));
        });
        Map(app, "POST", "/re-register", async (_, ct) =>
        {
            await daemon.ReRegisterAsync(ct);
            return Results.Empty;
        });
        Map(app, "POST", "/projects", async (context, ct) =>
        {
            var project = await daemon.AddProjectAsync((await ReadAsync<AddProject>(context)).Path, ct);
            return Json(project);
        });
        Map(app, "DELETE", "/projects/{id}", async (context, ct) =>
            await daemon.RemoveProjectAsync((string)context.Request.RouteValues["id"]!, ct)
                ? Results.Empty
                : Error(StatusCodes.Status404NotFound, "There is no project with this id. See: pocketcoder projects"));
        Map(app, "POST", "/pair", async (_, ct) => Json(await daemon.CreatePairingLinkAsync(ct)));
        Map(app, "GET", "/devices", async (_, ct) => Json(await daemon.DevicesAsync(ct)));
        Map(app, "DELETE", "/devices/{id}", async (context, ct) =>
        {
            await daemon.RevokeDeviceAsync((string)context.Request.RouteValues["id"]!, ct);
            return Results.Empty;
        });
        Map(app, "POST", "/logout", async (_, ct) => Json(await daemon.LogOutAsync(ct)));
    }

    public static Task RefuseAsync(HttpContext context, int status, string sentence) => Error(status, sentence).ExecuteAsync(context);

    private static void Map(WebApplication app, string method, string pattern, Func<HttpContext, CancellationToken, Task<IResult>> handler) =>
        app.MapMethods(pattern, [method], (RequestDelegate)(async context =>
        {
            IResult result;
            try
            {
                result = await handler(context, context.RequestAborted);
            }
            catch (Exception ex) when (ex is JsonException or BadHttpRequestException)
            {
                result = Error(StatusCodes.Status400BadRequest, "The body is not what this route takes.");
            }
            catch (DirectoryNotFoundException missing)
            {
                result = Error(StatusCodes.Status404NotFound, missing.Message);
            }
            catch (RequestException refused)
            {
                result = Error(StatusOf(refused.Code), refused.Message);
            }
            catch (Exception ex) when (FileTrouble.Explain(ex) is { } sentence)
            {
                result = Error(StatusCodes.Status500InternalServerError, sentence);
            }
            catch (Exception ex) when (ex is TimeoutException || (ex is OperationCanceledException && !context.RequestAborted.IsCancellationRequested))
            {
                result = Error(StatusCodes.Status503ServiceUnavailable, "The relay did not answer. Look at: pocketcoder status");
            }

            await result.ExecuteAsync(context);
        }));

    private static int StatusOf(ErrorCode code) => code switch
    {
        ErrorCode.NotFound => StatusCodes.Status404NotFound,
        ErrorCode.InvalidRequest => StatusCodes.Status409Conflict,
        _ => StatusCodes.Status503ServiceUnavailable,
    };

    private static async Task<T> ReadAsync<T>(HttpContext context) =>
        await JsonSerializer.DeserializeAsync(context.Request.Body, ProtocolJson.For<T>(), context.RequestAborted) ?? throw new JsonException();

    private static IResult Json<T>(T value) => Results.Json(value, (JsonTypeInfo)ProtocolJson.For<T>());

    private static IResult Error(int status, string sentence) =>
        Results.Json(new ControlPlaneError(sentence), (JsonTypeInfo)ProtocolJson.For<ControlPlaneError>(), statusCode: status);
}
