// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QtGlobal>

#include <string_view>

namespace msgsrv {

/// The bytes of one accepted connection, plain or through TLS. Belongs to one I/O thread for life.
class Stream
{
public:
    /// Who reads and writes it. May destroy the stream in none of these calls.
    class Reader
    {
    public:
        virtual ~Reader() = default;
        /// There is something to read(), or the end: read() until it gives 0.
        virtual void onReadable() = 0;
        /// The kernel took bytes.
        virtual void onBytesTaken() = 0;
        /// The peer will send nothing more, but may still read. Only of a plain stream; once.
        virtual void onPeerFinished() = 0;
        /// The connection is gone, by the peer or by an error, never by abort(). Once, and the last call.
        virtual void onGone() = 0;
    };

    Stream() = default;
    Stream(const Stream &) = delete;
    Stream &operator=(const Stream &) = delete;
    /// Ends the connection if it still is.
    virtual ~Stream() = default;

    /// The handshake, where there is one, is done.
    [[nodiscard]] virtual bool isEstablished() const = 0;

    /// Reads at most @p size bytes. 0: nothing is there now, or never again.
    [[nodiscard]] virtual qint64 read(char *buffer, qint64 size) = 0;
    /// While off, onReadable() is not called and the peer's bytes wait in the kernel.
    virtual void setReading(bool on) = 0;

    /// Takes all of @p bytes; they leave at the end of the turn.
    virtual void write(std::string_view bytes) = 0;
    /// Written bytes that the kernel has not taken yet.
    [[nodiscard]] virtual qint64 bytesQueued() const = 0;

    /// Bytes that the kernel has taken and the peer's has not confirmed.
    [[nodiscard]] virtual qint64 bytesInKernel() const = 0;

    /// Says the end to the peer. Call it with nothing queued, and go on reading: a connection that is closed
    /// with unread bytes is reset, and our last words are lost. @p peerIsSending: more may come.
    virtual void finishWriting(bool peerIsSending) = 0;
    /// Ends the connection now; what is queued is lost. onGone() is not called.
    virtual void abort() = 0;
};

} // namespace msgsrv
