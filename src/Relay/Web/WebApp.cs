using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace PocketCoder.Relay.Web;

/// <summary>Serves the PWA that is built into the executable: precompressed, with a strict policy, cached for good where the name holds a hash.</summary>
internal sealed class WebApp
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; worker-src 'self'; " +
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; " +
        "trusted-types svelte-trusted-html dompurify pocketcoder-markdown pocketcoder-worker";

    private static readonly Dictionary<string, string> ContentTypes = new(StringComparer.Ordinal)
    {
        [".html"] = "text/html; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".svg"] = "image/svg+xml",
        [".png"] = "image/png",
        [".ico"] = "image/x-icon",
        [".json"] = "application/json",
        [".webmanifest"] = "application/manifest+json",
        [".woff2"] = "font/woff2",
        [".txt"] = "text/plain; charset=utf-8",
    };

    private readonly Dictionary<string, WebFile> _files = Load();

    private sealed record WebFile(byte[] Content, byte[]? Brotli, string ContentType, string Etag, bool Immutable);

    public async Task ServeAsync(HttpContext context)
    {
        SetHeaders(context.Response.Headers);
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        var path = context.Request.Path.Value is "/" or null ? "/index.html" : context.Request.Path.Value;
        if (!_files.TryGetValue(path, out var file))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await context.Response.WriteAsync(path == "/index.html"
                ? "This build has no web app in it. Build with: ./run build\n"
                : "There is nothing here.\n");
            return;
        }

        await WriteAsync(context, file);
    }

    private static async Task WriteAsync(HttpContext context, WebFile file)
    {
        var response = context.Response;
        response.Headers.CacheControl = file.Immutable ? "public, max-age=31536000, immutable" : "no-cache";
        response.Headers.ETag = file.Etag;
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        if (context.Request.Headers.IfNoneMatch == file.Etag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var body = file.Content;
        if (file.Brotli is { } brotli && context.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal))
        {
            response.Headers.ContentEncoding = "br";
            body = brotli;
        }

        response.ContentType = file.ContentType;
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body, context.RequestAborted);
        }
    }

    private static void SetHeaders(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()";
    }

    private static Dictionary<string, WebFile> Load()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var contents = assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith("web/", StringComparison.Ordinal))
            .ToDictionary(name => name["web".Length..], name => Read(assembly, name), StringComparer.Ordinal);
        return contents
            .Where(file => !file.Key.EndsWith(".br", StringComparison.Ordinal))
            .ToDictionary(
                file => file.Key,
                file => new WebFile(
                    file.Value,
                    contents.GetValueOrDefault(file.Key + ".br"),
                    ContentTypes.GetValueOrDefault(Path.GetExtension(file.Key), "application/octet-stream"),
                    $"\"{Convert.ToHexStringLower(SHA256.HashData(file.Value))[..16]}\"",
                    file.Key.StartsWith("/assets/", StringComparison.Ordinal)),
                StringComparer.Ordinal);
    }

    private static byte[] Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
