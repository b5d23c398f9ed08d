namespace PocketCoder.Relay.Identity;

/// <summary>Keeps a value under a secret until it is taken, once, or ends. Of many who take at the same moment one gets it. Secrets are kept as hashes.</summary>
internal interface IOneTimeStore
{
    Task PutAsync(string secret, string value, DateTimeOffset expiresAt);

    Task<string?> TakeAsync(string secret);
}
