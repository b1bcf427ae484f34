// Made by ../generate.ts; change the table, not this file.
import type * as authentication_v1 from './authentication.v1.ts';
import type * as meta_v1 from './meta.v1.ts';

export interface AdmissionRequest {
  uid: string;
  kind: meta_v1.GroupVersionKind;
  resource: meta_v1.GroupVersionResource;
  subResource?: string;
  requestKind?: meta_v1.GroupVersionKind;
  requestResource?: meta_v1.GroupVersionResource;
  requestSubResource?: string;
  name?: string;
  namespace?: string;
  operation: string;
  userInfo: authentication_v1.UserInfo;
  object?: Record<string, unknown>;
  oldObject?: Record<string, unknown>;
  dryRun?: boolean;
  options?: Record<string, unknown>;
}

export interface AdmissionResponse {
  uid: string;
  allowed: boolean;
  status?: meta_v1.Status;
  patch?: string;
  patchType?: string;
  auditAnnotations?: Record<string, string>;
  warnings?: string[];
}

export interface AdmissionReview extends meta_v1.TypeMeta {
  request?: AdmissionRequest;
  response?: AdmissionResponse;
}
