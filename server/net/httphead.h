// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace msgsrv {

/// What a request head may be at most. A value above is an error, never a truncation.
struct HttpHeadLimits
{
    std::size_t headBytes = 16 * 1024; ///< from the request line to the empty line, both included: 431
    std::size_t headerCount = 100; ///< 431
    std::size_t targetBytes = 8 * 1024; ///< 414
};

/// One request head that passed the strict grammar (RFC 9112). Every value is a copy.
struct HttpHead
{
    std::string method; ///< token, case kept; at most 32 bytes
    std::string target; ///< as it was sent
    std::string path; ///< begins with '/', or is "*" (OPTIONS); not percent-decoded, without the query
    std::string query; ///< what stands after the first '?', without it
    bool hasQuery = false;
    /// The authority that the client used, e.g. "example.org:8443" or "[::1]": of an absolute-form target,
    /// else of Host. Only letters, digits, `.-_~`, an IPv6 literal, a port. Empty only for HTTP/1.0.
    std::string host;
    int minorVersion = 1; ///< HTTP/1.0 or HTTP/1.1
    /// In order; names in lower case, values without outer blanks. Values may hold bytes above 0x7F.
    std::vector<std::pair<std::string, std::string>> headers;
    std::int64_t contentLength = 0; ///< 0 when absent
    bool hasContentLength = false;
    bool keepAlive = true; ///< the client would send another request on this connection
    bool expectContinue = false; ///< the client waits for 100 (Continue); never for HTTP/1.0
    /// A WebSocket handshake by its Upgrade and Connection fields: GET, HTTP/1.1, without a body. The
    /// Sec-WebSocket fields are still to be checked.
    bool upgradeWebSocket = false;

    /// The first value of @p name (lower case), or null when there is none.
    [[nodiscard]] const std::string *find(std::string_view name) const;
    /// How often the field @p name (lower case) was sent.
    [[nodiscard]] std::size_t count(std::string_view name) const;
};

/// The head is not there as a whole yet: call again with more bytes.
struct HttpHeadIncomplete
{ };

struct HttpHeadComplete
{
    HttpHead head;
    std::size_t consumed = 0; ///< bytes of the head, with its empty line; the body begins there
};

/// The bytes are no acceptable head: answer with the status and close, since what follows cannot be told
/// apart from this request.
struct HttpHeadError
{
    int status = 400; ///< 400, 411, 414, 417, 431, 501 or 505
    std::string detail; ///< one sentence, without anything that the peer sent
};

using HttpHeadResult = std::variant<HttpHeadIncomplete, HttpHeadComplete, HttpHeadError>;

/// Parses @p bytes from their beginning; for bytes that come in pieces see HttpHeadParser.
[[nodiscard]] HttpHeadResult parseHttpHead(std::string_view bytes, const HttpHeadLimits &limits = {});

} // namespace msgsrv
