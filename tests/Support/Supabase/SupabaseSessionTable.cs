namespace PocketCoder.TestSupport.Supabase;

/// <summary>One sign-in of one user, and its refresh tokens in the order in which they were made.</summary>
public sealed class SupabaseSession(string userId)
{
    public Guid Id { get; } = Guid.NewGuid();

    public string UserId => userId;

    public string Current => Tokens[^1].Token;

    internal List<(string Token, DateTimeOffset? SpentAt)> Tokens { get; } = [];
}

/// <summary>
/// Refresh tokens change with each use. A spent one is taken again when it is the parent of the one in use (the answer was lost), or within ten seconds;
/// else it ends its session.
/// </summary>
internal sealed class SupabaseSessionTable(TimeProvider time)
{
    private static readonly TimeSpan ReuseInterval = TimeSpan.FromSeconds(10);
    private readonly List<SupabaseSession> _sessions = [];

    public SupabaseSession Begin(string userId)
    {
        SupabaseSession session = new(userId);
        Add(session);
        lock (_sessions)
        {
            _sessions.Add(session);
        }

        return session;
    }

    public SupabaseSession? Find(Guid? id)
    {
        lock (_sessions)
        {
            return _sessions.Find(session => session.Id == id);
        }
    }

    public void End(SupabaseSession session)
    {
        lock (_sessions)
        {
            _sessions.Remove(session);
        }
    }

    public void EndAll()
    {
        lock (_sessions)
        {
            _sessions.Clear();
        }
    }

    public (SupabaseSession? Session, string? Error) Refresh(string token)
    {
        lock (_sessions)
        {
            if (_sessions.Find(session => session.Tokens.Exists(t => t.Token == token)) is not { } session)
            {
                return (null, "refresh_token_not_found");
            }

            var at = session.Tokens.FindIndex(t => t.Token == token);
            if (session.Tokens[at].SpentAt is not { } spentAt)
            {
                session.Tokens[at] = (token, time.GetUtcNow());
                Add(session);
                return (session, null);
            }

            if (at == session.Tokens.Count - 2 || time.GetUtcNow() - spentAt <= ReuseInterval)
            {
                return (session, null);
            }

            _sessions.Remove(session);
            return (null, "refresh_token_already_used");
        }
    }

    private static void Add(SupabaseSession session) => session.Tokens.Add((Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(6)), null));
}
