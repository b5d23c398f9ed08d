using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace PocketCoder.Daemon.Features.Files.Watching;

[Flags]
internal enum InotifyMask : uint
{
    Modify = 0x2,
    Attributes = 0x4,
    CloseWrite = 0x8,
    MovedFrom = 0x40,
    MovedTo = 0x80,
    Create = 0x100,
    Delete = 0x200,
    DeleteSelf = 0x400,
    MoveSelf = 0x800,
    Unmount = 0x2000,
    Overflow = 0x4000,

    /// <summary>The watch is gone: removed, or its directory is.</summary>
    Ignored = 0x8000,
    OnlyDirectory = 0x1000000,

    /// <summary>Nothing of files that have no name any more.</summary>
    NotUnlinked = 0x4000000,

    /// <summary>Two projects may share a directory, and with it its one watch.</summary>
    Add = 0x20000000,
    IsDirectory = 0x40000000,
}

/// <summary>The one inotify instance of the daemon, and a bell that ends a wait for it. Only the bell may be rung from another thread.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe partial class Inotify : IDisposable
{
    public const int OutOfMemory = -12, TooManyOpenFiles = -24, TooManyFilesInSystem = -23, NoSpace = -28;

    private const int NonBlocking = 0x800, CloseOnExec = 0x80000;
    private const short Readable = 1;

    private readonly SafeFileHandle _bell = new(eventfd(0, NonBlocking | CloseOnExec), ownsHandle: true);
    private readonly byte[] _buffer = new byte[64 * 1024];
    private SafeFileHandle _instance = new();

    /// <summary>Watches the very directory of the handle, whatever its name leads to by now. The watch, the same as before when it has one, or minus an error number.</summary>
    public int Add(SafeFileHandle directory, InotifyMask mask)
    {
        if (_instance.IsInvalid)
        {
            var instance = inotify_init1(NonBlocking | CloseOnExec);
            if (instance < 0)
            {
                return -Marshal.GetLastPInvokeError();
            }

            _instance = new SafeFileHandle(instance, ownsHandle: true);
        }

        Span<byte> path = stackalloc byte[32];
        "/proc/self/fd/"u8.CopyTo(path);
        directory.DangerousGetHandle().ToInt32().TryFormat(path[14..], out _);
        fixed (byte* pointer = path)
        {
            var watch = inotify_add_watch(Descriptor, pointer, (uint)(mask | InotifyMask.OnlyDirectory | InotifyMask.NotUnlinked | InotifyMask.Add));
            return watch < 0 ? -Marshal.GetLastPInvokeError() : watch;
        }
    }

    public void Remove(int watch) => _ = inotify_rm_watch(Descriptor, watch);

    public void Ring()
    {
        ulong one = 1;
        _ = write(_bell, &one, sizeof(ulong));
    }

    /// <summary>Waits for events or the bell, or only looks. The events are good until the next call.</summary>
    public ReadOnlySpan<byte> Read(bool wait)
    {
        var waiting = stackalloc PollDescriptor[2];
        waiting[0] = new PollDescriptor { Descriptor = Descriptor, Events = Readable };
        waiting[1] = new PollDescriptor { Descriptor = (int)_bell.DangerousGetHandle(), Events = Readable };
        if (poll(waiting, 2, wait ? -1 : 0) <= 0)
        {
            return default;
        }

        ulong rings;
        _ = read((int)_bell.DangerousGetHandle(), &rings, sizeof(ulong));
        fixed (byte* pointer = _buffer)
        {
            var length = waiting[0].Happened == 0 ? 0 : read(Descriptor, pointer, (nuint)_buffer.Length);
            return length > 0 ? _buffer.AsSpan(0, (int)length) : default;
        }
    }

    public void Dispose()
    {
        _instance.Dispose();
        _bell.Dispose();
    }

    // -1, which poll passes over, until there is one.
    private int Descriptor => (int)_instance.DangerousGetHandle();

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int inotify_init1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int inotify_add_watch(int instance, byte* path, uint mask);

    [LibraryImport("libc")]
    private static partial int inotify_rm_watch(int instance, int watch);

    [LibraryImport("libc")]
    private static partial int eventfd(uint value, int flags);

    [LibraryImport("libc")]
    private static partial int poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc")]
    private static partial nint read(int descriptor, void* buffer, nuint length);

    [LibraryImport("libc")]
    private static partial nint write(SafeFileHandle descriptor, void* buffer, nuint length);
}

/// <summary>One after the other the events that <see cref="Inotify.Read"/> gave.</summary>
internal ref struct InotifyEvents(ReadOnlySpan<byte> buffer)
{
    private const int MaskAt = 4, LengthAt = 12, NameAt = 16;

    private ReadOnlySpan<byte> _rest = buffer;

    public int Watch { get; private set; }

    public InotifyMask Mask { get; private set; }

    /// <summary>Empty when the event is about the watched directory itself.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        Watch = BinaryPrimitives.ReadInt32LittleEndian(_rest);
        Mask = (InotifyMask)BinaryPrimitives.ReadUInt32LittleEndian(_rest[MaskAt..]);
        Name = _rest.Slice(NameAt, BinaryPrimitives.ReadInt32LittleEndian(_rest[LengthAt..]));
        _rest = _rest[(NameAt + Name.Length)..];
        Name = Name.TrimEnd((byte)0);
        return true;
    }
}
