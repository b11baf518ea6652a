// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/app/accessform.h"

#include "admin-gui/client/localwire.h"

#include <QComboBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

namespace msgsrv::console {

AccessForm::AccessForm(QWidget *parent)
    : QWidget(parent)
    , m_kind(new QComboBox(this))
    , m_pages(new QStackedWidget(this))
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    auto *head = new QFormLayout;
    m_kind->addItems({tr("Local socket"), tr("TLS"), tr("Local socket of another machine, through ssh")});
    m_kind->setObjectName(QStringLiteral("kind"));
    head->addRow(tr("&Kind:"), m_kind);
    layout->addLayout(head);
    layout->addWidget(m_pages);

    QFormLayout *local = page();
    m_socket = fileLine(local, tr("&Socket:"), QStringLiteral("socket"), defaultSocket());

    QFormLayout *tls = page();
    m_server = line(tls, tr("S&erver:"), QStringLiteral("server"), tr("console.example.org:8082"));
    m_ca = fileLine(tls, tr("A&uthority:"), QStringLiteral("ca"), tr("PEM; empty: the system's authorities"));
    m_tokenFile = fileLine(tls, tr("&Token file:"), QStringLiteral("tokenFile"),
                           tr("empty: asked for, and not kept"));
    m_certificate = fileLine(tls, tr("C&ertificate:"), QStringLiteral("certificate"),
                             tr("of your own, instead of a token"));
    m_key = fileLine(tls, tr("&Key:"), QStringLiteral("key"), tr("its private key, without a passphrase"));

    QFormLayout *ssh = page();
    m_sshHost = line(ssh, tr("&Host:"), QStringLiteral("sshHost"), tr("admin@example.org"));
    m_sshSocket = line(ssh, tr("Socket &there:"), QStringLiteral("sshSocket"), SshAccess{}.socketPath());
    auto *hint = new QLabel(
        tr("ssh runs with your keys, agent and configuration. You have to be in the group that may "
           "open the socket there."),
        this);
    hint->setWordWrap(true);
    hint->setForegroundRole(QPalette::PlaceholderText);
    ssh->addRow(hint);

    connect(m_kind, &QComboBox::currentIndexChanged, m_pages, &QStackedWidget::setCurrentIndex);
    connect(m_kind, &QComboBox::currentIndexChanged, this, [this] {
        if (!m_showing)
            emit edited();
    });
}

QFormLayout *AccessForm::page()
{
    auto *widget = new QWidget(m_pages);
    auto *form = new QFormLayout(widget);
    form->setContentsMargins(0, 0, 0, 0);
    m_pages->addWidget(widget);
    return form;
}

QLineEdit *AccessForm::line(QFormLayout *form, const QString &label, const QString &name,
                            const QString &placeholder)
{
    auto *edit = new QLineEdit(this);
    edit->setObjectName(name);
    edit->setPlaceholderText(placeholder);
    form->addRow(label, edit);
    connect(edit, &QLineEdit::textEdited, this, &AccessForm::edited);
    return edit;
}

QLineEdit *AccessForm::fileLine(QFormLayout *form, const QString &label, const QString &name,
                                const QString &placeholder)
{
    auto *edit = new QLineEdit(this);
    edit->setObjectName(name);
    edit->setPlaceholderText(placeholder);
    auto *choose = new QToolButton(this);
    choose->setText(QStringLiteral("…"));
    choose->setAccessibleName(tr("Choose a file"));
    choose->setToolTip(tr("Choose a file"));
    auto *row = new QHBoxLayout;
    row->addWidget(edit, 1);
    row->addWidget(choose);
    auto *text = new QLabel(label, this);
    text->setBuddy(edit);
    form->addRow(text, row);
    connect(edit, &QLineEdit::textEdited, this, &AccessForm::edited);
    connect(choose, &QToolButton::clicked, this, [this, edit] {
        const QString path = QFileDialog::getOpenFileName(this, tr("Choose a file"), edit->text());
        if (path.isEmpty())
            return;
        edit->setText(path);
        emit edited();
    });
    return edit;
}

void AccessForm::show(const Profile &profile)
{
    m_showing = true;
    m_kind->setCurrentIndex(static_cast<int>(profile.kind));
    m_socket->setText(profile.socket);
    m_server->setText(profile.tls.host.isEmpty() ? QString() : profile.tls.address());
    m_ca->setText(profile.tls.caFile);
    m_tokenFile->setText(profile.tls.tokenFile);
    m_certificate->setText(profile.tls.certificateFile);
    m_key->setText(profile.tls.keyFile);
    m_sshHost->setText(profile.ssh.host);
    m_sshSocket->setText(profile.ssh.socket);
    m_showing = false;
}

void AccessForm::store(Profile &profile) const
{
    const auto text = [](const QLineEdit *edit) { return edit->text().trimmed(); };
    profile.kind = static_cast<Profile::Kind>(m_kind->currentIndex());
    profile.socket = text(m_socket);
    profile.tls = {.caFile = text(m_ca),
                   .tokenFile = text(m_tokenFile),
                   .certificateFile = text(m_certificate),
                   .keyFile = text(m_key)};
    (void)profile.tls.setAddress(text(m_server)); // what it is not stays empty, and is told
    profile.ssh = {text(m_sshHost), text(m_sshSocket)};
}

} // namespace msgsrv::console
