using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace PocketCoder.Daemon.Features.Files;

/// <summary>
/// A file that is written before it takes its place. On Linux it has no name until then, so that no <c>git add</c> or list beside us sees it and a crash leaves
/// nothing (watchers are told of a file called "#" and its number). To change places with another it has a name for a moment: in the holding directory, and only
/// where that is on another file system beside its place. Where there are no files without a name (macOS, NFS) it has a temporary one beside its place all along.
/// </summary>
internal sealed class NewContent : IDisposable
{
    private readonly SafeFileHandle _parent;
    private readonly SafeFileHandle? _holding;
    private (SafeFileHandle Directory, byte[] Name)? _named;

    private NewContent(SafeFileHandle file, SafeFileHandle parent, SafeFileHandle? holding) => (File, _parent, _holding) = (file, parent, holding);

    public SafeFileHandle File { get; }

    /// <summary>Null and the error when nothing can be made in this directory.</summary>
    /// <param name="holding">Where it gets a name when it needs one, if that is on the same file system.</param>
    public static NewContent? Create(SafeFileHandle parent, SafeFileHandle? holding, int mode, out int error)
    {
        if (Native.OpenUnnamed(parent, mode, out error) is { } unnamed)
        {
            return new NewContent(unnamed, parent, holding);
        }

        if (error is not (Native.NotSupported or Native.NotSupportedMac or Native.IsDirectory or Native.Invalid or Native.NoEntry))
        {
            return null;
        }

        var name = TemporaryName();
        return Native.OpenChild(parent, name, Native.WriteOnly | Native.CreateNew, mode, out error) is { } file
            ? new NewContent(file, parent, holding) { _named = (parent, name) }
            : null;
    }

    /// <summary>Gives it a name that is still free: <see cref="Native.Exists"/> when it is not.</summary>
    public int PlaceAsNew(byte[] name) => _named is { } named ? Placed(Native.Rename(named.Directory, named.Name, _parent, name, RenameMode.Create)) : Link(_parent, name);

    /// <summary>Puts it in the place of what has this name, or lets the two change places.</summary>
    public int PlaceInstead(byte[] name, RenameMode mode)
    {
        if (Name() is var error and not 0)
        {
            return error;
        }

        // Of two names that change places a watcher hears in this order: what comes to our place is to be the last that it hears of it.
        var (directory, temporary) = _named!.Value;
        return mode == RenameMode.Exchange ? Native.Rename(_parent, name, directory, temporary, mode) : Placed(Native.Rename(directory, temporary, _parent, name, mode));
    }

    /// <summary>After an exchange: what was replaced.</summary>
    public FileStatus? Replaced => _named is { } named ? Native.StatusOf(named.Directory, named.Name) : null;

    /// <summary>What has the temporary name goes: this content where it was not placed, after an exchange the old one.</summary>
    public void Dispose()
    {
        if (_named is { } named)
        {
            Native.Remove(named.Directory, named.Name, directory: false);
        }

        File.Dispose();
    }

    private int Name()
    {
        if (_named is not null)
        {
            return 0;
        }

        var name = TemporaryName();
        var error = Native.CrossDevice;
        foreach (var directory in (SafeFileHandle?[])[_holding, _parent])
        {
            if (error != 0 && directory is not null && (error = Link(directory, name)) == 0)
            {
                _named = (directory, name);
            }
        }

        return error;
    }

    // Again to the disk: btrfs writes nothing of a file as long as it has no name.
    private int Link(SafeFileHandle directory, byte[] name)
    {
        var error = Native.Link(File, directory, name);
        return error != 0 ? error : Native.Flush(File);
    }

    private int Placed(int error)
    {
        if (error == 0)
        {
            _named = null;
        }

        return error;
    }

    private static byte[] TemporaryName() => RawName.ToBytes($".pocketcoder-{RandomNumberGenerator.GetHexString(16, lowercase: true)}.tmp");
}
