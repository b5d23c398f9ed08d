using Microsoft.Extensions.Logging;
using PocketCoder.Protocol;
using PocketCoder.Relay.Identity.Oidc;
using PocketCoder.Relay.Identity.Supabase;
using PocketCoder.Relay.Stores;

namespace PocketCoder.Relay.Identity;

/// <summary>Puts the identity together that the operator chose.</summary>
internal static partial class IdentityModes
{
    /// <exception cref="RelayConfigurationException">It cannot work as it is configured.</exception>
    public static async Task<IIdentity> OpenAsync(RelayOptions options, IRelayStore store, ILogger logger)
    {
        if (options.Identity.Problem is { } problem)
        {
            throw new RelayConfigurationException(problem);
        }

        var time = options.Time;
        var keys = await SigningKeys.OpenAsync(store.SigningKeys, time, options.RotateSigningKey);
        Devices devices = new(store.Devices);
        if (options.Identity.Mode == AuthMode.Supabase)
        {
            return await SupabaseAsync(options.Identity, keys, devices, store, time, logger);
        }

        AccessTokens tokens = new(keys, time);
        RefreshFamilies families = new(store.RefreshTokens, tokens, devices);
        PairingCodes codes = new(store.PairingCodes, time);
        return options.Identity.Mode == AuthMode.Oidc
            ? new OidcIdentity(await OidcAsync(options.Identity, keys, store.OneTime, time, logger), tokens, families, codes, devices)
            : new EmbeddedIdentity(await EmbeddedIdentity.OwnerOfAsync(store), tokens, families, codes, devices);
    }

    private static async Task<SupabaseIdentity> SupabaseAsync(
        IdentityOptions options, SigningKeys keys, Devices devices, IRelayStore store, TimeProvider time, ILogger logger)
    {
        SupabaseClient supabase = new(options, new IdentityHttp(new Uri(options.SupabaseUrl!)), logger);
        JsonWebKeys publicKeys = new(supabase.KeysAsync, time, logger);
        if (options.SupabaseJwtSecret is null)
        {
            await publicKeys.FetchAsync();
            if (publicKeys.Ids is { Count: 0 })
            {
                throw new RelayConfigurationException(
                    "The Supabase project has no signing keys (its JWKS is empty). Make one in its settings (JWT keys), or give the legacy secret with POCKETCODER_SUPABASE_JWT_SECRET.");
            }
        }

        return new SupabaseIdentity(
            supabase, new SupabaseTokenRules(supabase.Issuer, options.SupabaseJwtSecret, publicKeys, time), store.RefreshTokens,
            new SupabaseSignIn(supabase, new SignInState(keys, store.OneTime, time), time), devices);
    }

    private static async Task<OidcSignIn> OidcAsync(IdentityOptions options, SigningKeys keys, IOneTimeStore oneTime, TimeProvider time, ILogger logger)
    {
        OidcProvider provider = new(options, new IdentityHttp(new Uri(options.OidcIssuer!)), time, logger);
        JsonWebKeys publicKeys = new(provider.KeysAsync, time, logger);
        try
        {
            await provider.MetadataAsync();
            await publicKeys.FetchAsync();
        }
        catch (RequestException)
        {
            // Devices that are here already need no provider.
            LogUnavailable(logger);
        }

        return new OidcSignIn(options, provider, new OidcIdTokens(options.OidcClientId!, provider, publicKeys, time), new SignInState(keys, oneTime, time), oneTime, time, logger);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sign-in service does not answer yet. Who is signed in already is served; the others have to wait for it")]
    private static partial void LogUnavailable(ILogger logger);
}
