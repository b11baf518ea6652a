// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/tlslistener.h"

#include "server/management/tlswire.h"

#include <QSslCertificate>
#include <QSslError>
#include <QSslSocket>

#include <algorithm>
#include <unistd.h>
#include <utility>

namespace msgsrv::management {

namespace {

Origin originOf(const QSslSocket &socket)
{
    Origin::Remote remote{socket.peerAddress()};
    const QSslCertificate certificate = socket.peerCertificate();
    if (!certificate.isNull()) {
        remote.certificate = certificate.subjectInfo(QSslCertificate::CommonName).value(0);
        for (const QSslError &error : socket.sslHandshakeErrors()) {
            if (error.error() != QSslError::NoPeerCertificate)
                remote.problem = error.errorString().toLower();
        }
    }
    return {.remote = remote};
}

} // namespace

TlsListener::TlsListener(Settings settings, Admit admit, Accept accept)
    : m_settings(std::move(settings))
    , m_admit(std::move(admit))
    , m_accept(std::move(accept))
{ }

TlsListener::~TlsListener()
{
    for (const Handshake &handshake : std::exchange(m_handshakes, {})) {
        handshake.socket->disconnect(this);
        delete handshake.socket;
    }
}

void TlsListener::incomingConnection(qintptr descriptor)
{
    if (!m_admit(int(m_handshakes.size()))) {
        ::close(int(descriptor));
        return;
    }
    auto *socket = new QSslSocket(this);
    if (!socket->setSocketDescriptor(descriptor)) {
        ::close(int(descriptor));
        delete socket;
        return;
    }
    socket->setSslConfiguration(m_settings.tls);
    m_handshakes.push_back({socket, Clock::now() + m_settings.handshake});
    connect(socket, &QSslSocket::encrypted, this, [this, socket] { finish(socket); });
    connect(socket, &QSslSocket::disconnected, this, [this, socket] { drop(socket); });
    socket->startServerEncryption();
}

void TlsListener::finish(QSslSocket *socket)
{
    if (std::erase_if(m_handshakes, [socket](const Handshake &one) { return one.socket == socket; }) == 0)
        return;
    socket->disconnect(this);
    const Origin origin = originOf(*socket);
    m_accept(std::make_unique<TlsWire>(socket), origin);
}

void TlsListener::drop(QSslSocket *socket)
{
    std::erase_if(m_handshakes, [socket](const Handshake &one) { return one.socket == socket; });
    socket->disconnect(this);
    socket->deleteLater();
}

void TlsListener::tick(TimePoint now)
{
    const std::vector<Handshake> handshakes = m_handshakes; // one that is dropped leaves the list
    for (const Handshake &handshake : handshakes) {
        if (now < handshake.by)
            continue;
        handshake.socket->disconnect(this);
        handshake.socket->abort();
        drop(handshake.socket);
    }
    resumeAccepting();
}

} // namespace msgsrv::management
