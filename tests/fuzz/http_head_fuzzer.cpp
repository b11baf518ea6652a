// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/httphead.h"
#include "server/net/httpheadparser.h"

#include <cstdlib>

using namespace msgsrv;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

} // namespace

/// The first byte says where the rest is cut in two: a head gives the same result in pieces as in one go,
/// and what is called complete keeps the promises of HttpHead.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view bytes(reinterpret_cast<const char *>(data + 1), size - 1);
    const auto cut = bytes.size() * data[0] / 255;

    HttpHeadLimits limits;
    limits.headBytes = 1024;
    limits.headerCount = 8;
    limits.targetBytes = 64;
    const auto whole = parseHttpHead(bytes, limits);

    HttpHeadParser parser(limits);
    auto inPieces = parser.parse(bytes.substr(0, cut));
    if (std::holds_alternative<HttpHeadIncomplete>(inPieces))
        inPieces = parser.parse(bytes);
    require(inPieces.index() == whole.index());

    if (const auto *error = std::get_if<HttpHeadError>(&whole)) {
        require(error->status >= 400 && error->status < 600 && !error->detail.empty());
        require(std::get<HttpHeadError>(inPieces).status == error->status);
    } else if (const auto *complete = std::get_if<HttpHeadComplete>(&whole)) {
        const auto &head = complete->head;
        require(complete->consumed <= bytes.size() && complete->consumed <= limits.headBytes);
        require(complete->consumed == std::get<HttpHeadComplete>(inPieces).consumed);
        require(bytes.substr(0, complete->consumed).ends_with("\r\n\r\n"));
        require(head.headers.size() <= limits.headerCount && head.target.size() <= limits.targetBytes);
        require(head.path == "*" || head.path.front() == '/');
        require(head.minorVersion == 0 || !head.host.empty());
        require(head.contentLength >= 0 && head.count("transfer-encoding") == 0);
        require(head.host.find_first_of(" \r\n\"';,<>/@\\") == std::string::npos);
    } else {
        require(bytes.size() <= limits.headBytes);
    }
    return 0;
}
