// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/websocket/framereader.h"
#include "shared/base/utf8.h"

#include <cstdlib>
#include <vector>

using namespace msgsrv;
using namespace msgsrv::websocket;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

constexpr MessageLimits limits{4096, 8};

/// Everything that the reader tells, payloads included.
std::string read(const std::vector<char> &bytes, std::size_t pieceSize)
{
    FrameReader reader(limits);
    std::string told;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t size = std::min(pieceSize, bytes.size() - at);
        std::vector<char> piece(bytes.begin() + std::ptrdiff_t(at),
                                bytes.begin() + std::ptrdiff_t(at + size));
        at += size;
        std::span<char> rest(piece);
        for (bool more = true; more;) {
            const FrameEvent event = reader.next(rest);
            told += char('0' + event.index());
            if (const auto *message = std::get_if<MessageReceived>(&event)) {
                require(message->payload.size() <= std::size_t(limits.bytes));
                require(!message->isText || isUtf8(message->payload));
                told += message->payload;
            } else if (const auto *ping = std::get_if<PingReceived>(&event)) {
                require(ping->payload.size() <= controlLimit);
                told += ping->payload;
            } else if (const auto *close = std::get_if<CloseReceived>(&event)) {
                require(close->code == status::noneGiven || maySend(close->code));
                require(isUtf8(close->reason));
                told += std::to_string(close->code);
            } else if (const auto *error = std::get_if<FrameError>(&event)) {
                require(maySend(statusOf(error->breach)) && !error->detail.empty());
                told += error->detail;
            } else if (std::holds_alternative<NeedMore>(event)) {
                require(rest.empty());
                told.pop_back(); // where it stops depends on the pieces
                more = false;
            }
        }
        require(reader.buffered() <= std::size_t(limits.bytes) + controlLimit);
    }
    return told;
}

} // namespace

/// The first byte is the size of the pieces: the reader tells the same whatever it is.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::vector<char> bytes(data + 1, data + size);
    require(read(bytes, std::size_t(data[0]) + 1) == read(bytes, bytes.size() + 1));
    return 0;
}
