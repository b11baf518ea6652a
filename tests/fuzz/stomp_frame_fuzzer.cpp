// SPDX-License-Identifier: GPL-3.0-or-later
//
// The first octet chooses the version, the second where the stream is cut: in pieces of that size, and in
// pieces of random sizes that it is the seed of; the rest is the stream. Checked: cuts change nothing, and
// what was read is written and read back as the same frame.
#include "shared/stomp/parser.h"
#include "shared/stomp/serializer.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

using namespace msgsrv::stomp;

namespace {

struct Read
{
    std::vector<Frame> frames;
    std::optional<ParseError> error;
};

void require(bool holds)
{
    if (!holds)
        std::abort();
}

void feed(FrameParser &parser, std::string_view bytes, Read &read)
{
    while (!bytes.empty()) {
        const std::size_t before = bytes.size();
        auto event = parser.next(bytes);
        require(bytes.size() < before);
        if (auto *frame = std::get_if<Frame>(&event))
            read.frames.push_back(std::move(*frame));
        else if (auto *error = std::get_if<ParseError>(&event))
            read.error = *error;
    }
}

ParserLimits limits()
{
    ParserLimits small;
    small.headers = 8;
    small.headerLine = 64;
    small.body = 512;
    small.frame = 600;
    return small;
}

void requireRoundTrip(Frame frame, Version version)
{
    const std::string wire = serialize(frame, version);
    FrameParser parser;
    parser.setVersion(version);
    Read read;
    feed(parser, wire, read);
    require(!read.error && read.frames.size() == 1);
    const auto dropLength = [](Frame &f) {
        f.headers.erase(std::remove_if(f.headers.begin(), f.headers.end(),
                                       [](const Header &h) { return h.name == "content-length"; }),
                        f.headers.end());
    };
    dropLength(frame);
    dropLength(read.frames[0]);
    require(read.frames[0] == frame);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size < 2)
        return 0;
    const auto version = Version(data[0] % 3);
    const std::size_t step = data[1];
    const std::string_view stream(reinterpret_cast<const char *>(data) + 2, size - 2);

    FrameParser whole(limits());
    whole.setVersion(version);
    Read atOnce;
    feed(whole, stream, atOnce);

    const auto requireTheSameInPieces = [&](auto nextSize) {
        FrameParser cut(limits());
        cut.setVersion(version);
        Read inPieces;
        for (std::size_t at = 0; at < stream.size();) {
            const std::size_t piece = nextSize();
            feed(cut, stream.substr(at, piece), inPieces);
            at += piece;
        }
        require(atOnce.frames == inPieces.frames);
        require(atOnce.error.has_value() == inPieces.error.has_value());
        if (atOnce.error)
            require(atOnce.error->kind == inPieces.error->kind
                    && atOnce.error->message == inPieces.error->message);
    };
    requireTheSameInPieces([step] { return step + 1; });
    requireTheSameInPieces([state = std::uint32_t(step)]() mutable {
        state = state * 1'664'525 + 1'013'904'223;
        return 1 + std::size_t(state >> 27);
    });
    for (Frame &frame : atOnce.frames)
        requireRoundTrip(std::move(frame), version);
    return 0;
}
