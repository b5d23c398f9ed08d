using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace PocketCoder.Relay.Web;

/// <summary>Serves the PWA that is built into the executable: precompressed, with a strict policy, cached for good where the name holds a hash.</summary>
internal sealed class WebApp
{
    private const string Root = "web/";
    private const string Brotli = ".br";
    private static readonly Assembly Executable = typeof(WebApp).Assembly;

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

    private readonly Dictionary<string, WebFile> _files = List();
    private readonly Lazy<string> _policy;

    public WebApp() => _policy = new(() => PolicyFor(_files.TryGetValue("/index.html", out var page) ? page.ReadText() : ""));

    /// <summary>One file, read from the executable each time: it lies in the page cache, and the relay holds no copy.</summary>
    private sealed class WebFile(string resource, string path)
    {
        private string? _etag;

        /// <summary>The executable holds it as brotli.</summary>
        public bool IsCompressed { get; } = resource.EndsWith(Brotli, StringComparison.Ordinal);

        public string ContentType { get; } = ContentTypes.GetValueOrDefault(Path.GetExtension(path), "application/octet-stream");

        /// <summary>Its name holds a hash of its content.</summary>
        public bool IsImmutable { get; } = path.StartsWith("/assets/", StringComparison.Ordinal);

        public string Etag => _etag ??= Hash();

        public Stream Open() => Executable.GetManifestResourceStream(resource)!;

        public string ReadText()
        {
            using StreamReader reader = new(IsCompressed ? new BrotliStream(Open(), CompressionMode.Decompress) : Open());
            return reader.ReadToEnd();
        }

        private string Hash()
        {
            using var content = Open();
            return $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}\"";
        }
    }

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
        response.Headers.CacheControl = file.IsImmutable ? "public, max-age=31536000, immutable" : "no-cache";
        response.Headers.ETag = file.Etag;
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        if (context.Request.Headers.IfNoneMatch == file.Etag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = file.ContentType;
        await using var content = file.Open();
        var unpack = file.IsCompressed && !context.Request.GetTypedHeaders().AcceptEncoding.Any(coding => coding.Value == "br" && coding.Quality is not 0);
        if (file.IsCompressed && !unpack)
        {
            response.Headers.ContentEncoding = "br";
        }

        if (!unpack)
        {
            response.ContentLength = content.Length;
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await using var body = unpack ? new BrotliStream(content, CompressionMode.Decompress) : content;
            await body.CopyToAsync(response.Body, context.RequestAborted);
        }
    }

    private void SetHeaders(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = _policy.Value;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()";
    }

    /// <summary>Of what is inline, only what the page was built with.</summary>
    private static string PolicyFor(string page) =>
        $"default-src 'none'; script-src 'self'{HashesOf(page, "script")}; style-src 'self'{HashesOf(page, "style")}; " +
        "img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; worker-src 'self'; " +
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; " +
        "trusted-types svelte-trusted-html dompurify pocketcoder-markdown pocketcoder-worker";

    private static string HashesOf(string page, string element) => string.Concat(page.Split($"<{element}>").Skip(1)
        .Select(rest => rest.Split($"</{element}>")[0])
        .Select(inline => $" 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(inline)))}'"));

    private static Dictionary<string, WebFile> List() => Executable.GetManifestResourceNames()
        .Where(name => name.StartsWith(Root, StringComparison.Ordinal))
        .Select(name => (Resource: name, Path: "/" + (name.EndsWith(Brotli, StringComparison.Ordinal) ? name[..^Brotli.Length] : name)[Root.Length..]))
        .ToDictionary(file => file.Path, file => new WebFile(file.Resource, file.Path), StringComparer.Ordinal);
}
