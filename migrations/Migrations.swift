/// One step of the schema's history.
package struct Migration: Sendable {
  package let version: Int
  package let name: String
  package let sql: String
  /// True when programs that do not know the step cannot work beside it.
  package let isBreaking: Bool
}

/// A file that says what a function, a view or the rights are now.
package struct SchemaObject: Sendable {
  /// Below migrations/.
  package let path: String
  package let sql: String
}

/// The schema, embedded in the binary.
package enum Migrations {
  /// Steps are only ever added.
  package static let history: [Migration] = [
    step(1, "queue", PackageResources._001_queue_sql),
    step(2, "functions", PackageResources._002_functions_sql),
    step(3, "views", PackageResources._003_views_sql),
    step(4, "payload", PackageResources._004_payload_sql),
    step(5, "fleet", PackageResources._005_fleet_sql),
    step(6, "fleet functions", PackageResources._006_fleet_functions_sql),
    step(7, "fleet views", PackageResources._007_views_sql),
    step(8, "roles", PackageResources._008_roles_sql),
    step(9, "complete", PackageResources._009_complete_sql, isBreaking: false),
    step(10, "upkeep", PackageResources._010_upkeep_sql, isBreaking: false),
    step(11, "writing", PackageResources._011_writing_sql, isBreaking: false),
    step(12, "outline", PackageResources._012_outline_sql, isBreaking: false),
    step(13, "operations", PackageResources._013_operations_sql, isBreaking: false),
    step(14, "documents", PackageResources._014_documents_sql),
    step(15, "kept readings", PackageResources._015_kept_readings_sql, isBreaking: false),
    step(16, "service", PackageResources._016_service_sql, isBreaking: false),
    step(17, "extraction", PackageResources._017_extraction_sql, isBreaking: false),
  ]

  /// In the order in which they are applied.
  package static let objects: [SchemaObject] = [
    object("functions/checkpoint/drop_checkpoint.sql", PackageResources.drop_checkpoint_sql),
    object("functions/checkpoint/load_checkpoint.sql", PackageResources.load_checkpoint_sql),
    object(
      "functions/checkpoint/load_checkpoint_pages.sql", PackageResources.load_checkpoint_pages_sql),
    object("functions/checkpoint/save_checkpoint.sql", PackageResources.save_checkpoint_sql),
    object("functions/claim/beat.sql", PackageResources.beat_sql),
    object("functions/claim/checkpoint_plan.sql", PackageResources.checkpoint_plan_sql),
    object("functions/claim/claim.sql", PackageResources.claim_sql),
    object("functions/claim/complete.sql", PackageResources.complete_sql),
    object("functions/claim/confirm_cancel.sql", PackageResources.confirm_cancel_sql),
    object("functions/claim/end_claim.sql", PackageResources.end_claim_sql),
    object("functions/claim/fail.sql", PackageResources.fail_sql),
    object("functions/claim/load_answers.sql", PackageResources.load_answers_sql),
    object("functions/claim/load_text.sql", PackageResources.load_text_sql),
    object("functions/claim/neighbours.sql", PackageResources.neighbours_sql),
    object("functions/claim/place_worker.sql", PackageResources.place_worker_sql),
    object("functions/claim/register_worker.sql", PackageResources.register_worker_sql),
    object("functions/claim/release.sql", PackageResources.release_sql),
    object("functions/claim/report.sql", PackageResources.report_sql),
    object("functions/claim/report_writing.sql", PackageResources.report_writing_sql),
    object("functions/claim/save_answers.sql", PackageResources.save_answers_sql),
    object("functions/claim/unregister_worker.sql", PackageResources.unregister_worker_sql),
    object("functions/claim/wish_of.sql", PackageResources.wish_of_sql),
    object("functions/kept/drop_kept.sql", PackageResources.drop_kept_sql),
    object("functions/kept/find_kept.sql", PackageResources.find_kept_sql),
    object("functions/kept/forget_reading.sql", PackageResources.forget_reading_sql),
    object("functions/kept/keep_plan.sql", PackageResources.keep_plan_sql),
    object("functions/kept/keep_state.sql", PackageResources.keep_state_sql),
    object("functions/kept/load_kept.sql", PackageResources.load_kept_sql),
    object("functions/kept/load_kept_pages.sql", PackageResources.load_kept_pages_sql),
    object("functions/kept/make_room.sql", PackageResources.make_room_sql),
    object("functions/kept/most_kept.sql", PackageResources.most_kept_sql),
    object("functions/kept/use_kept.sql", PackageResources.use_kept_sql),
    object("functions/order/ask.sql", PackageResources.ask_sql),
    object("functions/order/ask_many.sql", PackageResources.ask_many_sql),
    object("functions/order/begin_upload.sql", PackageResources.begin_upload_sql),
    object("functions/order/check_order.sql", PackageResources.check_order_sql),
    object("functions/order/check_parts.sql", PackageResources.check_parts_sql),
    object("functions/order/check_priority.sql", PackageResources.check_priority_sql),
    object("functions/order/check_questions.sql", PackageResources.check_questions_sql),
    object("functions/order/drop_unused_document.sql", PackageResources.drop_unused_document_sql),
    object("functions/order/finish.sql", PackageResources.finish_sql),
    object("functions/order/is_blank.sql", PackageResources.is_blank_sql),
    object("functions/order/make_ready.sql", PackageResources.make_ready_sql),
    object("functions/order/order_job.sql", PackageResources.order_job_sql),
    object("functions/order/record_event.sql", PackageResources.record_event_sql),
    object("functions/order/store_document.sql", PackageResources.store_document_sql),
    object("functions/order/submit.sql", PackageResources.submit_sql),
    object("functions/order/submit_many.sql", PackageResources.submit_many_sql),
    object("functions/order/submit_upload.sql", PackageResources.submit_upload_sql),
    object("functions/order/upload_piece.sql", PackageResources.upload_piece_sql),
    object("functions/order/wake.sql", PackageResources.wake_sql),
    object("functions/payload/document_text.sql", PackageResources.document_text_sql),
    object("functions/payload/job_status.sql", PackageResources.job_status_sql),
    object("functions/payload/result_payload.sql", PackageResources.result_payload_sql),
    object("functions/payload/search.sql", PackageResources.search_sql),
    object("functions/service/announce.sql", PackageResources.announce_sql),
    object("functions/service/announce_job.sql", PackageResources.announce_job_sql),
    object("functions/service/attach_document.sql", PackageResources.attach_document_sql),
    object("functions/service/cancel_batch.sql", PackageResources.cancel_batch_sql),
    object("functions/service/cancel_response.sql", PackageResources.cancel_response_sql),
    object("functions/service/cancel_unwanted.sql", PackageResources.cancel_unwanted_sql),
    object("functions/service/create_key.sql", PackageResources.create_key_sql),
    object("functions/service/drop_file.sql", PackageResources.drop_file_sql),
    object("functions/service/drop_file_of_any.sql", PackageResources.drop_file_of_any_sql),
    object("functions/service/due_deliveries.sql", PackageResources.due_deliveries_sql),
    object("functions/service/end_delivery.sql", PackageResources.end_delivery_sql),
    object("functions/service/due_traces.sql", PackageResources.due_traces_sql),
    object("functions/service/find_key.sql", PackageResources.find_key_sql),
    object("functions/service/forget_old_service.sql", PackageResources.forget_old_service_sql),
    object("functions/service/job_has_ended.sql", PackageResources.job_has_ended_sql),
    object("functions/service/join_job.sql", PackageResources.join_job_sql),
    object("functions/service/let_batch.sql", PackageResources.let_batch_sql),
    object("functions/service/queued_tokens.sql", PackageResources.queued_tokens_sql),
    object("functions/service/revoke_key.sql", PackageResources.revoke_key_sql),
    object("functions/service/service_metrics.sql", PackageResources.service_metrics_sql),
    object("functions/service/stored_bytes.sql", PackageResources.stored_bytes_sql),
    object("functions/service/take_batches.sql", PackageResources.take_batches_sql),
    object("functions/service/trace_job.sql", PackageResources.trace_job_sql),
    object("functions/service/wanted_workers.sql", PackageResources.wanted_workers_sql),
    object("functions/steer/cancel.sql", PackageResources.cancel_sql),
    object("functions/steer/pause.sql", PackageResources.pause_sql),
    object("functions/steer/prioritize.sql", PackageResources.prioritize_sql),
    object("functions/steer/repair.sql", PackageResources.repair_sql),
    object("functions/steer/remove.sql", PackageResources.remove_sql),
    object("functions/steer/resume.sql", PackageResources.resume_sql),
    object("functions/steer/retry.sql", PackageResources.retry_sql),
    object("functions/steer/stop.sql", PackageResources.stop_sql),
    object("functions/steer/stop_now.sql", PackageResources.stop_now_sql),
    object("functions/steer/wait.sql", PackageResources.wait_sql),
    object("functions/tenancy/current_tenant.sql", PackageResources.current_tenant_sql),
    object("functions/tenancy/identity.sql", PackageResources.identity_sql),
    object("functions/tenancy/require_job.sql", PackageResources.require_job_sql),
    object("functions/tenancy/sees_all.sql", PackageResources.sees_all_sql),
    object("functions/tenancy/setting.sql", PackageResources.setting_sql),
    object("functions/tenancy/tenant_is_role.sql", PackageResources.tenant_is_role_sql),
    object("functions/upkeep/bury.sql", PackageResources.bury_sql),
    object("functions/upkeep/event_bounds.sql", PackageResources.event_bounds_sql),
    object("functions/upkeep/forget_old.sql", PackageResources.forget_old_sql),
    object(
      "functions/upkeep/make_event_partitions.sql", PackageResources.make_event_partitions_sql),
    object("functions/upkeep/preempt.sql", PackageResources.preempt_sql),
    object("functions/upkeep/rescue.sql", PackageResources.rescue_sql),
    object("functions/upkeep/set_aside.sql", PackageResources.set_aside_sql),
    object("functions/upkeep/sweep.sql", PackageResources.sweep_sql),
    object("functions/upkeep/take_back.sql", PackageResources.take_back_sql),
    object("views/answers.sql", PackageResources.answers_sql),
    object("views/batches.sql", PackageResources.batches_sql),
    object("views/events.sql", PackageResources.events_sql),
    object("views/evidence.sql", PackageResources.evidence_sql),
    object("views/extractions.sql", PackageResources.extractions_sql),
    object("views/files.sql", PackageResources.files_sql),
    object("views/jobs.sql", PackageResources.jobs_sql),
    object("views/readings.sql", PackageResources.readings_sql),
    object("views/results.sql", PackageResources.results_sql),
    object("views/workers.sql", PackageResources.workers_sql),
    object("rights.sql", PackageResources.rights_sql),
  ]

  private static func step(
    _ version: Int, _ name: String, _ sql: [UInt8], isBreaking: Bool = true
  ) -> Migration {
    Migration(
      version: version, name: name, sql: String(decoding: sql, as: UTF8.self),
      isBreaking: isBreaking)
  }

  private static func object(_ path: String, _ sql: [UInt8]) -> SchemaObject {
    SchemaObject(path: path, sql: String(decoding: sql, as: UTF8.self))
  }
}
