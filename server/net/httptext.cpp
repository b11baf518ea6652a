// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/httptext.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <string_view>

namespace msgsrv {

QByteArray httpDate()
{
    thread_local std::time_t cachedAt = 0;
    thread_local QByteArray cached;
    const std::time_t now = std::time(nullptr);
    if (now != cachedAt) {
        std::tm utc{};
        gmtime_r(&now, &utc);
        // Names of days and months are English whatever the locale is.
        static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        std::array<char, 40> text{};
        std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                      days[std::size_t(utc.tm_wday)], utc.tm_mday, months[std::size_t(utc.tm_mon)],
                      utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
        cached = QByteArray(text.data());
        cachedAt = now;
    }
    return cached;
}

HttpHeaders transportHeaders(const HttpResponse &response, bool close)
{
    HttpHeaders headers;
    headers.emplace_back("Date", httpDate());
    if (response.status != 204 && response.status != 304)
        headers.emplace_back("Content-Length", QByteArray::number(response.body.size()));
    if (close)
        headers.emplace_back("Connection", "close");
    return headers;
}

std::string_view reasonPhrase(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 202:
        return "Accepted";
    case 204:
        return "No Content";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 417:
        return "Expectation Failed";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return {};
    }
}

std::string responseText(const HttpResponse &response, bool close)
{
    std::string text;
    text.reserve(384 + std::size_t(response.body.size()));
    text += "HTTP/1.1 ";
    text += std::to_string(response.status);
    text += ' ';
    text += reasonPhrase(response.status);
    text += "\r\n";
    const auto append = [&text](const HttpHeaders &headers) {
        for (const auto &[name, value] : headers) {
            text.append(name.constData(), std::size_t(name.size()));
            text += ": ";
            text.append(value.constData(), std::size_t(value.size()));
            text += "\r\n";
        }
    };
    append(response.headers);
    append(transportHeaders(response, close));
    text += "\r\n";
    text.append(response.body.constData(), std::size_t(response.body.size()));
    return text;
}

QByteArray canonicalRequest(const HttpHead &head, const QByteArray &body)
{
    QByteArray text;
    text.reserve(qsizetype(128 + head.path.size()) + body.size());
    text.append(head.method.data(), qsizetype(head.method.size()));
    text += ' ';
    text.append(head.path.data(), qsizetype(head.path.size()));
    text += " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + QByteArray::number(body.size()) + "\r\n";
    text += "\r\n";
    return text += body;
}

bool isKnownMethod(const std::string &method)
{
    static constexpr std::array<std::string_view, 7> known{"GET",    "HEAD",    "POST", "PUT",
                                                           "DELETE", "OPTIONS", "PATCH"};
    return std::find(known.begin(), known.end(), method) != known.end();
}

} // namespace msgsrv
