using System.CommandLine;
using System.Text.Json;
using PocketCoder.Protocol;
using PocketCoder.Relay;
using PocketCoder.Relay.Identity;
using PocketCoder.Relay.Stores.Redis;

namespace PocketCoder.Cli.Commands;

/// <summary>
/// What a relay for many has to be told: how it knows its users, and the Redis that it shares with other nodes. Each setting is an option, else a variable, else a member of the file that <c>--config</c> names. Secrets have no
/// option: other users of a machine can read arguments.
/// </summary>
internal sealed class SharedRelayArguments
{
    private const string FileVariable = "POCKETCODER_RELAY_CONFIG";

    private static readonly Setting Auth = new("auth", "POCKETCODER_AUTH", new Option<string?>("--auth") { Description = "How the relay knows its users: embedded (default), supabase or oidc.", HelpName = "MODE" });
    private static readonly Setting SupabaseUrl = new("supabase.url", "POCKETCODER_SUPABASE_URL", new Option<string?>("--supabase-url") { Description = "With supabase: the project's address.", HelpName = "URL" });
    private static readonly Setting SupabaseKey = new("supabase.key", "POCKETCODER_SUPABASE_KEY");
    private static readonly Setting SupabaseSecret = new("supabase.jwtSecret", "POCKETCODER_SUPABASE_JWT_SECRET");
    private static readonly Setting SupabaseProvider = new("supabase.provider", "POCKETCODER_SUPABASE_PROVIDER");
    private static readonly Setting OidcIssuer = new("oidc.issuer", "POCKETCODER_OIDC_ISSUER", new Option<string?>("--oidc-issuer") { Description = "With oidc: the provider.", HelpName = "URL" });
    private static readonly Setting OidcClientId = new("oidc.clientId", "POCKETCODER_OIDC_CLIENT_ID", new Option<string?>("--oidc-client-id") { Description = "With oidc: this relay's client id there.", HelpName = "ID" });
    private static readonly Setting OidcSecret = new("oidc.clientSecret", "POCKETCODER_OIDC_CLIENT_SECRET");
    private static readonly Setting OidcScopes = new("oidc.scopes", "POCKETCODER_OIDC_SCOPES");
    private static readonly Setting OidcAllow = new("oidc.allow", "POCKETCODER_OIDC_ALLOW", new Option<string?>("--oidc-allow") { Description = "With oidc: who may sign in: addresses, @domains, sub:SUBJECT, with commas between; or *.", HelpName = "WHO" });

    private static readonly Setting RedisUrl = new("redis", "POCKETCODER_REDIS", new Option<string?>("--redis") { Description = "Be one node of many, which share this Redis.", HelpName = "URL" });

    private static readonly Setting[] Settings =
        [RedisUrl, Auth, SupabaseUrl, SupabaseKey, SupabaseSecret, SupabaseProvider, OidcIssuer, OidcClientId, OidcSecret, OidcScopes, OidcAllow];

    private readonly Option<string?> _file = new("--config") { Description = $"A file of JSON with these settings, its secrets too; else {FileVariable}.", HelpName = "FILE" };

    private readonly Option<bool> _rotate = new("--rotate-key") { Description = "Sign access tokens with a new key from now on; what the old one signed stays good for its ten minutes." };

    private sealed record Setting(string Member, string Variable, Option<string?>? Option = null);

    public void AddTo(Command command)
    {
        foreach (var option in Settings.Select(setting => setting.Option).OfType<Option<string?>>())
        {
            command.Options.Add(option);
        }

        command.Options.Add(_file);
        command.Options.Add(_rotate);
    }

    public bool Rotates(ParseResult parsed) => parsed.GetValue(_rotate);

    /// <exception cref="CommandException">Something is wrong with it; the message says what.</exception>
    public IdentityOptions Read(ParseResult parsed)
    {
        var file = FileOf(parsed);
        IdentityOptions options = new(ModeOf(Value(Auth)))
        {
            SupabaseUrl = Value(SupabaseUrl),
            SupabaseKey = Value(SupabaseKey),
            SupabaseJwtSecret = Value(SupabaseSecret),
            SupabaseProvider = Value(SupabaseProvider) ?? "github",
            OidcIssuer = Value(OidcIssuer),
            OidcClientId = Value(OidcClientId),
            OidcClientSecret = Value(OidcSecret),
            OidcScopes = Value(OidcScopes) ?? "openid email",
            OidcAllow = [.. (Value(OidcAllow) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)],
        };
        return options.Problem is { } problem ? throw new CommandException(problem, ExitCode.Usage) : options;

        string? Value(Setting setting) => ValueOf(setting, parsed, file);
    }

    /// <summary>The address of the Redis; null: this relay is alone.</summary>
    /// <exception cref="CommandException">It is none, or a password stands where others can read it.</exception>
    public string? ReadRedis(ParseResult parsed) => ValueOf(RedisUrl, parsed, FileOf(parsed)) switch
    {
        null => null,
        var url when RedisConnection.ProblemOf(url) is { } problem => throw new CommandException(problem, ExitCode.Usage),
        var url when parsed.GetValue(RedisUrl.Option!) == url && new Uri(url).UserInfo.Length > 0 => throw new CommandException(
            $"Other users of this machine can read a password in --redis. Give the address with {RedisUrl.Variable}, or as \"redis\" in the file of --config.", ExitCode.Usage),
        var url => url,
    };

    private Dictionary<string, string> FileOf(ParseResult parsed) => (parsed.GetValue(_file) ?? Variable(FileVariable)) is { } path ? ReadFile(path) : [];

    private static string? ValueOf(Setting setting, ParseResult parsed, Dictionary<string, string> file) =>
        setting.Option is { } option && parsed.GetValue(option) is { Length: > 0 } given ? given : Variable(setting.Variable) ?? file.GetValueOrDefault(setting.Member);

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static AuthMode ModeOf(string? text) => text switch
    {
        null or "embedded" => AuthMode.Embedded,
        "supabase" => AuthMode.Supabase,
        "oidc" => AuthMode.Oidc,
        _ => throw new CommandException($"\"{text}\" is no way to sign in. Give --auth or POCKETCODER_AUTH one of: embedded, supabase, oidc.", ExitCode.Usage),
    };

    // {"auth":"oidc","oidc":{"issuer":"https://…","allow":["@example.org"]}}
    private static Dictionary<string, string> ReadFile(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            Dictionary<string, string> values = new(StringComparer.Ordinal);
            Collect(document.RootElement, prefix: "", values, path);
            return values;
        }
        catch (JsonException damaged)
        {
            throw new CommandException($"{path} is no JSON: {damaged.Message}", ExitCode.Usage);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{path} cannot be read. --config and {FileVariable} name the file with the settings of sign-in.", ExitCode.Usage);
        }
    }

    private static void Collect(JsonElement element, string prefix, Dictionary<string, string> values, string path)
    {
        foreach (var member in element.ValueKind == JsonValueKind.Object ? element.EnumerateObject() : throw new CommandException($"{path} must hold an object of JSON.", ExitCode.Usage))
        {
            var name = prefix + member.Name;
            if (member.Value.ValueKind == JsonValueKind.Object && prefix.Length == 0)
            {
                Collect(member.Value, name + ".", values, path);
            }
            else if (Settings.All(setting => setting.Member != name))
            {
                throw new CommandException($"{path} has a setting that does not exist, {name}. There are: {string.Join(", ", Settings.Select(s => s.Member))}.", ExitCode.Usage);
            }
            else
            {
                values[name] = member.Value.ValueKind switch
                {
                    JsonValueKind.String => member.Value.GetString()!,
                    JsonValueKind.Array when member.Value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
                        string.Join(',', member.Value.EnumerateArray().Select(item => item.GetString())),
                    _ => throw new CommandException($"{name} in {path} must be a text.", ExitCode.Usage),
                };
            }
        }
    }
}
