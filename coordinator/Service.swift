import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Jobs
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import Telemetry

/// The HTTP service over a database: it keeps nothing itself, so several may run at once, and any of
/// them may end at any time.
struct CoordinatorService: Sendable {
  struct Settings: Sendable {
    var database: String
    var host = "127.0.0.1"
    var port = 8080
    /// Connections to the database.
    var connections = 8
    /// Files that text is taken out of at once.
    var extractions = 2
    /// PEM files; nil: without TLS.
    var certificate: String?
    var privateKey: String?
    /// True behind a proxy that speaks TLS.
    var isBehindTLS = false

    var isSecure: Bool { isBehindTLS || certificate != nil }

    /// True: webhooks may be within this network, and without TLS.
    var allowsPrivateWebhooks = false
    /// Of a collector of traces; nil: they are not told.
    var traces: String?
    /// Seconds in which a client has to say something.
    var idleSeconds = 60
    /// Clients at once; more wait.
    var mostConnections = 8192
  }

  let settings: Settings
  let logger: Logger
  let pool: DatabasePool
  let watch: JobWatch
  let metrics = ServiceMetrics(registry: PrometheusMetrics())
  private let limits: ServiceLimits
  private let keys: KeyRing
  private let files: FileRoutes
  private let orders: AnswerOrders
  private let jobOrders: JobOrders
  private let pages: Pages

  /// - Throws: what is wrong with a page's template.
  init(_ settings: Settings, logger: Logger) throws {
    self.settings = settings
    self.logger = logger
    pool = DatabasePool(url: settings.database, threads: settings.connections, logger: logger)
    watch = JobWatch(pool: pool, logger: logger)
    limits = ServiceLimits(pool: pool)
    keys = KeyRing(pool: pool)
    let documents = FileDocuments(
      pool: pool, extraction: BlockingQueue("extraction", width: settings.extractions))
    files = FileRoutes(
      pool: pool, intake: FileIntake(pool: pool, limits: limits), documents: documents)
    orders = AnswerOrders(pool: pool, limits: limits, files: files)
    jobOrders = JobOrders(pool: pool, limits: limits, documents: documents)
    pages = try Pages()
  }

  private var router: Router<ServiceContext> {
    let router = Router(context: ServiceContext.self)
    router.add(
      middleware: RequestGuard(
        log: RequestLog(metrics: metrics), isTracing: settings.traces != nil))
    HealthRoutes(pool: pool).add(to: router)
    MetricsRoutes(
      pool: pool, watch: watch, own: metrics.registry, fleet: FleetGauges(pool: pool)
    ).add(to: router)
    let api = router.group("v1").add(middleware: KeyGuard(keys: keys, limits: limits))
    addAPI(to: api)
    addPages(to: router)
    return router
  }

  /// All routes below `/v1`.
  func addAPI(to api: some RouterMethods<ServiceContext>) {
    files.add(to: api)
    UploadRoutes(pool: pool, files: files, limits: limits).add(to: api)
    AnswerRoutes(pool: pool, orders: orders, watch: watch, limits: limits).add(to: api)
    BatchRoutes(pool: pool).add(to: api)
    WebhookRoutes(pool: pool, allowsPrivate: settings.allowsPrivateWebhooks).add(to: api)
    JobRoutes(pool: pool, orders: jobOrders, watch: watch).add(to: api)
  }

  private func addPages(to router: Router<ServiceContext>) {
    let signIn = SignIn(
      pool: pool, keys: keys, limits: limits, pages: pages, isSecure: settings.isSecure)
    let dashboard = Dashboard(pool: pool, pages: pages, signIn: signIn, limits: limits)
    signIn.add(to: router)
    dashboard.addAssets(to: router)
    OverviewPages(dashboard: dashboard).add(to: router)
    JobPages(dashboard: dashboard, files: files, orders: jobOrders, watch: watch).add(to: router)
    FleetPages(dashboard: dashboard).add(to: router)
  }

  /// A key of the database's own tenant that lets in once, within an hour.
  func signInKey() async throws -> String {
    try await pool.run { database in
      try database.keys.create(
        scopes: [.admin], name: SignIn.linkName, expiresAfterSeconds: SignIn.linkSeconds
      ).key
    }
  }

  /// Serves until it is told to end (SIGTERM, SIGINT); requests that are at work are finished.
  /// - Parameter onReady: told the port that it listens on.
  func run(onReady: @escaping @Sendable (Int) -> Void) async throws {
    let channel = HTTP1Channel.Configuration(
      idleTimeout: .seconds(Int64(settings.idleSeconds)),
      httpDecoderConfiguration: .init(
        maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 200))
    var server = HTTPServerBuilder.http1(configuration: channel)
    if let tls = try tls() { server = try .tls(server, tlsConfiguration: tls) }
    var application = Application(
      router: router, server: server,
      configuration: .init(
        address: .hostname(settings.host, port: settings.port), serverName: "docproc",
        availableConnectionsDelegate: MaximumAvailableConnections(settings.mostConnections)),
      onServerRunning: { onReady($0.localAddress?.port ?? 0) }, logger: logger)
    application.addServices(
      BatchWork(pool: pool, orders: orders, output: BatchOutput(pool: pool), logger: logger),
      WebhookDeliveries(
        pool: pool, lookups: BlockingQueue("lookups", width: 4),
        allowsPrivate: settings.allowsPrivateWebhooks, logger: logger),
      WatchCloser(watch: watch))
    if let traces = settings.traces {
      application.addServices(TraceExport(pool: pool, endpoint: traces, logger: logger))
    }
    try await application.runService()
    pool.close()
  }

  private func tls() throws -> TLSConfiguration? {
    guard let certificate = settings.certificate, let key = settings.privateKey else { return nil }
    let chain = try NIOSSLCertificate.fromPEMFile(certificate).map {
      NIOSSLCertificateSource.certificate($0)
    }
    return .makeServerConfiguration(
      certificateChain: chain, privateKey: .privateKey(try .init(file: key, format: .pem)))
  }
}

/// Lets followers go when the process is told to end: they come again elsewhere.
private struct WatchCloser: Service {
  let watch: JobWatch

  func run() async throws {
    try? await gracefulShutdown()
    await watch.close()
  }
}
