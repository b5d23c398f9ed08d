namespace PocketCoder.Relay.Identity.Oidc;

/// <summary>Whom a provider says somebody is. An address counts only when the provider has verified it.</summary>
internal sealed record OidcUser(string Subject, string? VerifiedEmail);

/// <summary>Who of all that a provider knows may use this relay.</summary>
internal sealed class OidcAllowList(IReadOnlyList<string> rules)
{
    /// <summary>True when the provider has to be asked for the address.</summary>
    public bool NeedsEmail => rules.Any(rule => rule.Contains('@', StringComparison.Ordinal) && !rule.StartsWith("sub:", StringComparison.Ordinal)) && !rules.Contains("*");

    public bool Allows(OidcUser user) => rules.Any(rule =>
        rule == "*"
        || (rule.StartsWith("sub:", StringComparison.Ordinal) ? rule["sub:".Length..] == user.Subject
            : user.VerifiedEmail is { } email && (rule[0] == '@'
                ? email[Math.Max(0, email.LastIndexOf('@'))..].Equals(rule, StringComparison.OrdinalIgnoreCase)
                : email.Equals(rule, StringComparison.OrdinalIgnoreCase))));
}
