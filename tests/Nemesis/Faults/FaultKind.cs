namespace PocketCoder.Nemesis.Faults;

/// <summary>What can be done to the system.</summary>
internal enum FaultKind
{
    CutClient,
    CutClients,
    CutDaemon,
    HoldClients,
    HoldDaemon,
    RefuseClients,
    RefuseDaemon,
    KillRelay,
    KillDaemon,
    KillAgent,
    PauseRelay,
    PauseDaemon,
    PauseAgent,
}
